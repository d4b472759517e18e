"""Reading a row of an expectation file: its channel, its conditions, its counts. Each wrong value becomes a problem."""

import re
from collections.abc import Callable
from typing import Any

from policies.expectation_field import BY_CHANNEL, WITH_DOMAINS, WITHOUT_CALLS, Field, fact, reached, recipient_domains
from policies.expectation_names import Names, check_names
from policies.expectation_path import read_path
from policies.expectation_possible import check_possible
from policies.expectation_row import Condition, Count, Kind, Row
from policies.expectation_sight import Sight
from policies.expectation_spelling import read_value
from policies.expectation_value import Anybody, OutsideDomains
from policies.host import BadName, canonical_host
from policies.policy_file_section import Section

_MANY = ("facts", "headers", "query", "json", "form")
"""Fields that hold values by names of their own."""
_KEYS = {"expect": ("name", "count", "attempts", "within"), "never": ("name",)}
_ALL_INTENTS = frozenset({"any", "dns", "web"})
_NAMES_INTENT = ("intent", "operation", "method")
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m)\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_MOST = 1_000_000
_ONCE = Count(1, 1)
_NONE = Count(0, 0)


def read_row(section: Section, kind: Kind, names: Names | None = None) -> Row | None:
    """The row, or None with complaints. `names`: those that a row may name; None: any."""
    section.only((*_KEYS[kind], *BY_CHANNEL))
    channel = _channel(section)
    if channel is None:
        return None
    conditions = _conditions(section.inner(channel), channel)
    if names is not None:
        check_names(section.inner(channel), channel, conditions, names)
    if kind == "never":
        conditions = [_of_anybody(one) for one in conditions]
    shown = ", ".join(f"{one.field} {one.value.text}" for one in conditions)
    name = section.text("name", "name the row, such as welcome mail", required=False, longest=200)
    attempts = _count(section, "attempts", None)
    count = _ONCE if attempts is None else Count(min(attempts.least, 1), None)
    return Row(
        kind=kind,
        name=name or f"{channel} {shown}"[:200].strip(),
        channel=channel,
        conditions=tuple(sorted(conditions, key=lambda one: one.deep)),
        count=_NONE if kind == "never" else _count(section, "count", count) or count,
        line=section.file.document.line(section.at),
        attempts=attempts,
        within=read_duration(section, "within"),
        reads=kind == "never" or channel in _ALL_INTENTS or any(one.field in _NAMES_INTENT for one in conditions),
    )


def _channel(section: Section) -> str | None:
    named = [key for key in section.data if key in BY_CHANNEL]
    if len(named) == 1:
        return named[0]
    if not section.broken:
        right = f"write one of {', '.join(sorted(BY_CHANNEL))}, such as email: {{to: ann@example.test}}"
        said = f"it names the channels {' and '.join(named)}; write a row for each" if named else right
        section.complain(None, said if named else f"the row has no channel; {said}")
    return None


def _conditions(section: Section, channel: str) -> list[Condition]:
    fields = BY_CHANNEL[channel]
    many = ("facts",) if channel in WITHOUT_CALLS else _MANY
    domains = ("to_domain_not_in",) if channel in WITH_DOMAINS else ()
    section.only((*fields, *many, *domains))
    found: list[Condition] = []
    for key, written in section.data.items():
        if key in fields:
            _add(found, section, (key,), fields[key], written)
        elif key in many:
            _add_many(found, section, key)
        elif key in domains:
            _add_domains(found, section, key)
    if not section.data and not section.broken:
        right = "to mean any of it write a pattern, such as host: '*'"
        section.complain(None, f"the row does not say which {channel}; {right}")
    return found


def _of_anybody(condition: Condition) -> Condition:
    if condition.field != "to":
        return condition
    return Condition(condition.field, reached, Anybody(condition.value), condition.deep)


def _add(found: list[Condition], section: Section, place: tuple[str, ...], field: Field, written: object) -> None:
    try:
        value = read_value(written, folded=field.folded, slashes=field.slashes)
        check_possible(" ".join(place), value)
    except ValueError as error:
        section.file.complain((*section.at, *place), str(error))
        return
    found.append(Condition(" ".join(place), field.look, value, field.deep))


def _add_many(found: list[Condition], section: Section, key: str) -> None:
    inner = section.inner(key)
    if not inner.data and not inner.broken:
        inner.complain(None, f"{key!r} names nothing; leave it away or name something")
    for name, written in inner.data.items():
        try:
            field = _NAMED[key](str(name))
        except ValueError as error:
            inner.complain(name, str(error))
            continue
        _add(found, section, (key, str(name)), field, written)


def _header(name: str) -> Field:
    return Field(lambda sight: sight.whole().header(name.lower()), deep=True)


def _query(name: str) -> Field:
    return Field(lambda sight: sight.whole().query_fields.get(name), deep=True)


def _form(name: str) -> Field:
    return Field(lambda sight: sight.whole().form.get(name), deep=True)


def _json(name: str) -> Field:
    path = read_path(name)

    def look(sight: Sight) -> Any:
        return path.of(sight.whole().json)

    return Field(look, deep=True)


_NAMED: dict[str, Callable[[str], Field]] = {
    "facts": fact,
    "headers": _header,
    "query": _query,
    "form": _form,
    "json": _json,
}


def _add_domains(found: list[Condition], section: Section, key: str) -> None:
    domains = section.several(key, _domain)
    if domains is not None:
        found.append(Condition(key, recipient_domains, OutsideDomains(domains)))


def _domain(written: object) -> str:
    if not isinstance(written, str):
        raise ValueError(f"{written!r:.80} is no mail domain; write one such as example.test")  # noqa: TRY004 - of a file
    below, name = ("*.", written[2:]) if written.startswith("*.") else ("", written)
    try:
        return below + canonical_host(name)
    except BadName as error:
        raise ValueError(f"{error}; write a mail domain, such as example.test or *.example.test") from error


def _count(section: Section, key: str, absent: Count | None) -> Count | None:
    written = section.data.get(key)
    if written is None:
        return absent
    number = written if isinstance(written, dict) else {"min": written, "max": written}
    least, most = number.get("min", 0), number.get("max")
    wrong = not number or not set(number) <= {"min", "max"}
    if wrong or not _is_count(least) or not (most is None or _is_count(most)):
        section.complain(key, f"{written!r:.80} is no count; write a number, or one such as {{min: 1, max: 3}}")
        return absent
    if most is not None and least > most:
        section.complain(key, f"min {least} is more than max {most}; write the smaller one first")
        return absent
    return Count(least, most)


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= _MOST


def read_duration(section: Section, key: str, *, longest: float = 86_400.0) -> float | None:
    """Seconds of `250ms`, `10s`, `2m`; None where the key is absent."""
    written = section.data.get(key)
    if written is None:
        return None
    found = _DURATION.match(written) if isinstance(written, str) else None
    if found is None:
        section.complain(key, f"{written!r:.80} is no duration; write one such as 250ms, 10s or 2m")
        return None
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > longest:
        section.complain(key, f"{written!r} is longer than {longest:g}s; write less")
        return None
    return seconds
