"""Policy: the rules in force, and the one function that decides. Reading them from files lives in policy_file.py."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_address
from operator import itemgetter
from typing import Any

from policies.address import refusal
from policies.decision import Decision
from policies.default_policy import BY_DEFAULT, Defaults
from policies.effect import Effect
from policies.host import BadName, as_address, canonical_host
from policies.naming import DEFAULT_PORTS
from policies.never import Never, Socket
from policies.opt_in import OptIn, is_job, is_mail
from policies.opt_in_index import Group, OptInIndex

MOST_REMEMBERED = 4096
LONGEST_HOST = 256
_OF_EFFECT = itemgetter(
    "channel",
    "intent",
    "protocol",
    "credential",
    "flags",
    "conflicts",
    "address",
)
_OF_TARGET = itemgetter("host", "port", "scheme")
AS_IF_ALL_IN_FORCE = datetime.min.replace(tzinfo=UTC)
"""A `now` at which no opt-in has expired: how examples are judged."""
_TELLING = frozenset({"live", "unknown"})


@dataclass(frozen=True)
class Policy:
    """What may happen. Immutable; the same effect at the same time always gives the same decision."""

    opt_ins: tuple[OptIn, ...] = ()
    defaults: Defaults = field(default_factory=Defaults)
    environment: str | None = None
    sources: tuple[str, ...] = ()
    """The files it was read from."""
    warnings: tuple[str, ...] = ()
    own_sockets: tuple[Socket, ...] = ()
    _index: OptInIndex = field(init=False, compare=False, repr=False)
    _never: Never = field(init=False, compare=False, repr=False)
    _usual: dict[tuple[Any, ...], Decision] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Defaults of effects on hosts that no opt-in names, by all of the effect that such a decision looks at."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", OptInIndex(self.opt_ins))
        object.__setattr__(self, "_never", Never(self.own_sockets))

    @classmethod
    def built_in(cls, own_sockets: Sequence[Socket] = ()) -> "Policy":
        """The policy without a file: nothing leaves."""
        return cls(own_sockets=tuple(own_sockets))

    def with_own_sockets(self, own_sockets: Iterable[Socket]) -> "Policy":
        """The same rules, once the listeners know where they really listen."""
        return replace(self, own_sockets=tuple(own_sockets))

    @cached_property
    def digest(self) -> str:
        """Names the rules, in whatever order and files they were written."""
        rules = [[o.id, o.shown_target, o.decision.model_dump(mode="json"), repr(o.narrowing)] for o in self.opt_ins]
        told: dict[str, Any] = {"rules": sorted(rules, key=repr), "defaults": self.defaults.model_dump()}
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()

    def decide(self, effect: Effect, now: datetime) -> Decision:
        """Never, then guards, then opt-ins in force at `now` (aware), then the defaults of the channel."""
        # The fields' own dictionaries, for each look at an attribute of a model costs as much as this whole key.
        told = vars(effect)
        key = (_OF_EFFECT(told), _OF_TARGET(vars(told["target"])))
        usual = self._usual.get(key)
        if usual is not None:
            return usual
        decision = self._decided(effect, now)
        if decision.rule.startswith(BY_DEFAULT) and self._nobody_names(effect):
            if len(self._usual) >= MOST_REMEMBERED:
                self._usual.clear()
            self._usual[key] = decision
        return decision

    def _nobody_names(self, effect: Effect) -> bool:
        """Whether no opt-in could ever mean what goes where this does. Mails and jobs are named by more than a host."""
        if is_mail(effect):
            return not self._index.names_mail
        if is_job(effect) or len(effect.target.host) > LONGEST_HOST:
            return False
        return not any(True for _ in self._index.groups(effect.target.host))

    def _decided(self, effect: Effect, now: datetime) -> Decision:
        never = self._never.decision(effect)
        if never is not None:
            return never
        flags = ("live_credential",) if effect.credential == "live" else ()
        opt_in, guarded = self._choose(effect, now)
        if guarded is not None:
            return _credential_denial(guarded, effect)
        if opt_in is None:
            return self.defaults.decision(effect, flags)
        if opt_in.leaves:
            held = _hold(opt_in, effect)
            if held is not None:
                return held.model_copy(update={"flags": flags}) if flags else held
        decision = opt_in.decision
        return decision.model_copy(update={"flags": flags}) if flags else decision

    def may_leave(self, host: str, port: int, now: datetime) -> bool:
        """Whether any request to this name could leave now. Looks at target and expiry alone: it may be too hopeful."""
        try:
            name = canonical_host(host)
        except BadName:
            return False
        if self._never.refusal(name, port) is not None:
            return False
        return any(
            opt_in.leaves and opt_in.in_force(now) and _may_mean(opt_in, port)
            for group in self._index.groups(name)
            for opt_in in group.all
        )

    def _choose(self, effect: Effect, now: datetime) -> tuple[OptIn | None, OptIn | None]:
        """The opt-in that applies, and the one whose `credentials: test` a live credential runs into."""
        telling = effect.credential in _TELLING
        chosen: OptIn | None = None
        for opt_in in _matching(self._groups(effect), effect, now):
            if opt_in.credentials == "test" and effect.credential != "test":
                if telling:
                    return None, opt_in
                continue
            chosen = chosen or opt_in
            if not telling:
                break
        return chosen, None

    def _groups(self, effect: Effect) -> Iterable[Group]:
        if is_job(effect):
            return self._index.job_groups()
        return self._index.mail_groups(effect) if is_mail(effect) else self._index.groups(effect.target.host)


def _matching(groups: Iterable[Group], effect: Effect, now: datetime) -> Iterable[OptIn]:
    """Opt-ins in force that mean the effect, the one that wins first."""
    for group in groups:
        for opt_in in group.candidates(effect.target.path):
            if opt_in.in_force(now) and opt_in.matches(effect):
                yield opt_in


def _may_mean(opt_in: OptIn, port: int) -> bool:
    target = opt_in.target
    if target is None:
        return False
    return port == target.port if target.port is not None else port in DEFAULT_PORTS.values()


def _credential_denial(opt_in: OptIn, effect: Effect) -> Decision:
    live = effect.credential == "live"
    what = "a live credential" if live else "a credential that is not known to be a test one"
    reason = f"opt-in {opt_in.id} lets only test credentials pass, and this carries {what}"
    flag = "live_credential" if live else "unknown_credential"
    return Decision(verdict="deny", rule="guard:live-credential", reason=reason, flags=(flag,))


def _hold(opt_in: OptIn, effect: Effect) -> Decision | None:
    """The denial of what an opt-in would let out but must not leave as it is, or None."""
    if not effect.canonical:
        reason = (
            f"opt-in {opt_in.id} would let it leave, but its host, path or method was not sent in canonical form, "
            "and such a request is denied rather than rewritten"
        )
        return Decision(verdict="deny", rule="guard:canonical-form", reason=reason)
    address = as_address(effect.target.host)
    if opt_in.do == "divert" or address is None:
        return None
    shut = refusal(ip_address(str(address)), opt_in.addresses)
    return (
        None if shut is None else Decision(verdict="deny", rule="guard:address", reason=f"opt-in {opt_in.id}: {shut}")
    )
