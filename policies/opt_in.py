"""OptIn: one named door somebody opened, with a reason, an owner and an end. Which of several wins: opt_in_index.py."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Literal

from policies.address import networks
from policies.decision import Decision, Verdict
from policies.effect import Effect
from policies.glob import Glob, all_meant, any_meant
from policies.naming import DEFAULT_PORTS
from policies.pattern import HostPattern
from policies.scheduled_job import SCHEDULERS

STRICTNESS: dict[Verdict, int] = {"deny": 0, "capture": 1, "divert": 2, "allow": 3}
"""Between equally specific opt-ins the lower one wins."""
NOT_REQUESTS = frozenset({"dns", "socket"})
"""Channels an opt-in means only if it names them: one for HTTP must never open a tunnel to the same host."""
_DOES: dict[Verdict, str] = {
    "allow": "allows it",
    "divert": "diverts it to",
    "capture": "captures it",
    "deny": "denies it",
}

_DROPPED = re.compile(r"(?:\.|%20)+(?=/|\Z)")
_FORMAT = re.compile(r"\.[a-z0-9]{1,8}\Z")

Check = Callable[[Effect], bool]


@dataclass(frozen=True)
class Narrowing:
    """What of the traffic to its target an opt-in means. None means all of it."""

    methods: frozenset[str] | None = None
    paths: tuple[Glob, ...] | None = None
    channels: frozenset[str] | None = None
    intents: frozenset[str] | None = None
    runs: tuple[Glob, ...] | None = None
    sources: tuple[str, ...] | None = None
    """Networks (CIDR)."""
    recipients: tuple[Glob, ...] | None = None

    def checks(self, *, leaves: bool = True) -> tuple[Check, ...]:
        """Only what is narrowed is checked, the cheap first. What lets nothing leave means anybody it may mean."""
        found: list[Check] = [self._is_its_channel]
        if self.methods is not None:
            found.append(self._is_its_method)
        if self.intents is not None:
            found.append(self._is_its_intent)
        if self.runs is not None:
            found.append(self._is_its_run)
        if self.paths is not None:
            found.append(self._is_its_path if leaves else self._lenient_paths())
        if self.sources is not None:
            found.append(self._is_its_source)
        if self.recipients is not None:
            found.append(self._are_its_recipients if leaves else self._may_reach_its_recipients)
        return tuple(found)

    def _is_its_channel(self, effect: Effect) -> bool:
        return effect.channel in self.channels if self.channels is not None else effect.channel not in NOT_REQUESTS

    def _is_its_method(self, effect: Effect) -> bool:
        return self.methods is not None and effect.target.method in self.methods

    def _is_its_intent(self, effect: Effect) -> bool:
        return self.intents is not None and effect.intent in self.intents

    def _is_its_run(self, effect: Effect) -> bool:
        return any(run.matches(effect.run) for run in self.runs or ())

    def _is_its_path(self, effect: Effect) -> bool:
        path = effect.target.path
        return path is not None and any(glob.matches(path) for glob in self.paths or ())

    def _lenient_paths(self) -> Check:
        """What keeps in means a path in every spelling that some server takes for it: in other letters, with a slash
        at its end or without, with dots or spaces at a segment's end, with the name of a format."""
        globs = [Glob(glob.text.lower(), "path") for glob in self.paths or ()]

        def may_be_its_path(effect: Effect) -> bool:
            if effect.target.path is None:
                return False
            return any(glob.may_match(spelling) for glob in globs for spelling in _spellings(effect.target.path))

        return may_be_its_path

    def _is_its_source(self, effect: Effect) -> bool:
        try:
            source = ip_address(effect.source)
        except ValueError:
            return False
        return any(source in network for network in networks(self.sources or ()))

    def _are_its_recipients(self, effect: Effect) -> bool:
        return all_meant(self.recipients or (), effect.recipients)

    def _may_reach_its_recipients(self, effect: Effect) -> bool:
        if effect.recipients is None:
            return effect.intent == "write"
        return any_meant(self.recipients or (), effect.recipients)


@dataclass(frozen=True)
class OptIn:
    """One entry of `opt_in:`. It has a target, or mail recipients, or names of jobs, never two of them."""

    id: str
    do: Verdict
    why: str
    owner: str
    expires: datetime
    until: str
    """`expires` as people read it: `the end of 2026-12-31 (UTC)`."""
    target: HostPattern | None = None
    mail_to: tuple[Glob, ...] | None = None
    jobs: tuple[Glob, ...] | None = None
    """Names of scheduled jobs."""
    narrowing: Narrowing = field(default_factory=Narrowing)
    credentials: Literal["test"] | None = None
    divert: str | None = None
    via: str | None = None
    addresses: tuple[str, ...] = ()
    place: str = ""
    """`file:line` it was read from."""
    decision: Decision = field(init=False, compare=False, repr=False)
    """What it decides, ready made: most effects it means differ in nothing a decision says."""
    _checks: tuple[Check, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        first = self._is_its_mail if self.mail_to is not None else self._is_its_port
        first = self._is_its_job if self.jobs is not None else first
        object.__setattr__(self, "_checks", (first, *self.narrowing.checks(leaves=self.leaves)))
        object.__setattr__(self, "decision", self._decided())

    @property
    def leaves(self) -> bool:
        return self.do in ("allow", "divert")

    def in_force(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return now < self.expires

    def matches(self, effect: Effect) -> bool:
        """Whether it means this effect: target, port and all narrowing. Credentials and expiry are judged apart."""
        return all(check(effect) for check in self._checks)

    @property
    def stems(self) -> frozenset[str]:
        """What the paths it means begin with; the empty stem where it means any, or any spelling of some."""
        paths = self.narrowing.paths if self.leaves else None
        return frozenset({""}) if paths is None else frozenset(glob.stem for glob in paths)

    @property
    def shown_target(self) -> str:
        """What it opens, for people."""
        if self.target is not None:
            return self.target.text
        if self.jobs is not None:
            return "job " + ", ".join(glob.text for glob in self.jobs)
        return "mail to " + ", ".join(glob.text for glob in self.mail_to or ())

    def _decided(self) -> Decision:
        does = f"{_DOES[self.do]} {self.divert}" if self.divert else _DOES[self.do]
        return Decision(
            verdict=self.do,
            rule=self.id,
            reason=f"opt-in {self.id} {does} until {self.until}: {self.why}",
            divert=self.divert,
            via=self.via,
            addresses=self.addresses,
            expires=self.expires if self.leaves else None,
        )

    def _is_its_port(self, effect: Effect) -> bool:
        usual = DEFAULT_PORTS.get(effect.target.scheme)
        if usual is None and effect.channel in NOT_REQUESTS:
            usual = effect.target.port  # no scheme of its own: a port is checked only where one is written
        return self.target is not None and self.target.matches_port(effect.target.port, usual)

    def _is_its_job(self, effect: Effect) -> bool:
        name = str(effect.facts.get("job") or "")
        return any(glob.matches(name) for glob in self.jobs or ())

    def _is_its_mail(self, effect: Effect) -> bool:
        if self.leaves:
            return all_meant(self.mail_to or (), effect.recipients)
        return any_meant(self.mail_to or (), effect.recipients or ())


def _spellings(path: str) -> set[str]:
    """Windows drops dots and spaces at the end of a name; to Rails and its like `/keys.json` is `/keys`."""
    sent = path.lower().rstrip("/")
    bare = _DROPPED.sub("", sent)
    return {f"{text}{slash}" or "/" for text in (sent, bare, _FORMAT.sub("", bare)) for slash in ("", "/")}


def is_mail(effect: Effect) -> bool:
    """Whether it is a mail over SMTP, which `email:` opt-ins are for. One through an API has a host instead."""
    return effect.channel == "email" and effect.protocol in ("smtp", "smtps")


def is_job(effect: Effect) -> bool:
    """Whether it is a job a scheduler asks about, which `schedule:` opt-ins are for. One at a provider has a host."""
    return effect.channel == "schedule" and effect.protocol in SCHEDULERS
