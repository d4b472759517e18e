"""Names: the providers, operations and facts that a capture can have, so that a misspelt one is refused and not missed.

They are those of the packs in use. Whoever means a name that none of them has says so: `{unknown: adyen}`.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.expectation_row import Condition, Row
from policies.expectation_value import Absent, AnyOf, Exactly, Not, Unlisted, Value
from policies.pack_type import Pack
from policies.policy_file_section import Section

_ANYWHERE = frozenset({"address", "count", "messages", "server"})
"""Facts that need no pack: of a dial by number, of what is repeated, of a WebSocket, of a redirected connection."""
_WITHOUT_PACKS: Mapping[str, frozenset[str]] = {
    "email": frozenset({"from", "to", "subject", "message_id", "relayed_from"}),
    "dns": frozenset({"name", "kind"}),
    "socket": frozenset({"what"}),
    "schedule": frozenset({"job", "program", "user", "machine"}),
}
_EXTRACTED = frozenset(
    (
        *("amount", "bucket", "content_type", "currency", "data", "description", "key", "keys", "media", "mode"),
        *("prefix", "price", "project", "reason", "recipient", "size", "status", "template", "thread"),
    )
)
"""Fields that are facts and nothing else: no capture has them where its operation does not name them."""


@dataclass(frozen=True, slots=True)
class KnownOperation:
    """One operation, with the facts its pack names."""

    provider: str
    id: str
    channel: str
    facts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Names:
    """What the packs in use know."""

    channels: Mapping[str, str]
    """By provider: the channel of what its pack does not describe."""
    operations: Sequence[KnownOperation]

    @classmethod
    def of(cls, packs: Iterable[Pack]) -> "Names":
        """The packs' own."""
        every = list(packs)
        operations = [
            KnownOperation(pack.id, one.id, one.channel, frozenset(name for name, _ in one.extract))
            for pack in every
            for one in pack.operations
        ]
        return cls({pack.id: pack.channel for pack in every}, operations)

    def as_json(self) -> dict[str, Any]:
        """For whoever has no packs."""
        rows = [[one.provider, one.id, one.channel, sorted(one.facts)] for one in self.operations]
        return {"channels": dict(self.channels), "operations": rows}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Names":
        """What `as_json` gave."""
        rows = [KnownOperation(provider, id_, at, frozenset(facts)) for provider, id_, at, facts in told["operations"]]
        return cls(dict(told["channels"]), rows)


def asks_names(expectations: Iterable[Row]) -> bool:
    """Whether any row names what only packs know."""
    fields = {condition.field for row in expectations for condition in row.conditions}
    return any(field in ("provider", "operation") or field.startswith("facts ") for field in fields)


def check_names(section: Section, channel: str, conditions: Sequence[Condition], names: Names) -> None:
    """Complain of every name in a row that no capture can have."""
    row = {condition.field: condition.value for condition in conditions}
    if not _listed(section, "provider", row, _providers(channel, names)):
        return
    operations = [one for one in names.operations if channel in ("any", one.channel)]
    if "provider" in row:
        operations = [one for one in operations if row["provider"].holds(one.provider)]
    if not _listed(section, "operation", row, [one.id for one in operations]):
        return
    if "operation" in row:
        operations = [one for one in operations if row["operation"].holds(one.id)]
    of_packs = frozenset().union(*(one.facts for one in operations))
    _check_facts(section, channel, row, of_packs)


def _providers(channel: str, names: Names) -> list[str]:
    """Those that have anything to do with a channel; what a pack does not describe is of the pack's own."""
    if channel == "any":
        return list(names.channels)
    described = {one.provider for one in names.operations if one.channel == channel}
    return [name for name, own in names.channels.items() if own == channel or name in described]


def _listed(section: Section, field: str, row: Mapping[str, Value], known: Sequence[str]) -> bool:
    """False where what depends on the field cannot be checked: it is wrong, or meant to be unknown."""
    value = row.get(field)
    if value is None:
        return True
    wrong = [one for one in _each(value) if not any(one.holds(name) for name in known)]
    for one in wrong:
        _complain(section, field, one.text, f"no {field} that a pack in use has for this row", known)
    return not wrong and not _has_unlisted(value)


def _check_facts(section: Section, channel: str, row: Mapping[str, Value], of_packs: frozenset[str]) -> None:
    pinned = "operation" in row
    own = _WITHOUT_PACKS.values() if channel == "any" else [_WITHOUT_PACKS.get(channel, frozenset())]
    beside = _ANYWHERE.union(*own)
    for field, value in row.items():
        kind, _, name = field.rpartition(" ")
        if _has_unlisted(value):
            continue
        if kind == "facts" and name not in of_packs | beside and not value.holds(None):
            _complain(section, field, name, "no fact that a capture of this can have", sorted(of_packs | beside))
        elif pinned and field in _EXTRACTED - of_packs and not value.holds(None):
            _complain(section, field, field, "no fact that this operation's captures have", sorted(of_packs))


def _complain(section: Section, field: str, text: str, what: str, known: Sequence[str]) -> None:
    close = difflib.get_close_matches(text, known, n=1, cutoff=0.6)
    right = f"did you mean {close[0]}?" if close else "name its host and path instead."
    kind = "name its value" if field.startswith("facts ") or field in _EXTRACTED else "write"
    said = f"{text!r:.80} is {what}; {right} If it is meant all the same, {kind} {{unknown: ...}}"
    section.file.complain((*section.at, *field.split(" ", 1)), said)


def _each(value: Value) -> Iterator[Value]:
    """The values in it that are to be names of ours."""
    if isinstance(value, AnyOf | Exactly):
        for one in value.values:
            yield from _each(one)
    elif isinstance(value, Not):
        yield from _each(value.value)
    elif not isinstance(value, Unlisted | Absent):
        yield value


def _has_unlisted(value: Value) -> bool:
    if isinstance(value, AnyOf | Exactly):
        return any(_has_unlisted(one) for one in value.values)
    return isinstance(value, Unlisted) or (isinstance(value, Not) and _has_unlisted(value.value))
