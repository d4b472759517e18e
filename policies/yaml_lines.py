"""YAML as operators write it, with the line of each value, so that every complaint can name its place.

The core schema of YAML 1.2: `no`, `on` and dates are plain strings, as the country and the day they are. Duplicate
keys, tags, and documents that grow beyond what a person writes are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""The way to a value from the root: `("opt_in", 0, "to")`."""

MOST_VALUES = 500_000
"""Values of a document once its aliases are written out: a small file with many aliases can stand for billions."""
DEEPEST = 60
# Events, not nodes: libyaml composes nodes by recursion in C, which a deeply nested text turns into a crash.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}\Z")
_BASED = re.compile(r"(?:0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100})\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")


class YamlTrouble(ValueError):
    """A text that is not YAML as it is read here. `line` counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line
        self.what = what


@dataclass(frozen=True, slots=True)
class Document:
    """The plain values of a document (dict, list, str, int, float, bool, None) and where each stands."""

    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest one around it that is there. Of a mapping's value, its key's line."""
        while place not in self.lines:
            if not place:
                return 1
            place = place[:-1]
        return self.lines[place]


def parse(text: str) -> Document:
    """The document in `text`; an empty one is None. Aliases share the value they name. Raises YamlTrouble."""
    try:
        return _Reading(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlTrouble(mark.line + 1 if mark else 1, _sentence(error, text)) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlTrouble(1, str(error).partition("\n")[0]) from error


class _Reading:
    """One walk over a document's events."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._lines: dict[Place, int] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def document(self) -> Document:
        data = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and self._lines:
                raise YamlTrouble(_line(event), "a second document begins here, where one belongs")
            if isinstance(event, yaml.NodeEvent):
                data = self._value(event, ())
        return Document(data, self._lines)

    def _value(self, event: yaml.Event, place: Place) -> Any:
        self._lines.setdefault(place, _line(event))
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        before = self._count
        self._counted(1, event)
        if len(place) > DEEPEST:
            raise YamlTrouble(_line(event), f"it nests deeper than {DEEPEST} levels")
        if isinstance(event, yaml.MappingStartEvent):
            value: Any = self._mapping(event, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, place)
        else:
            value = _scalar(event)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = (value, self._count - before)
        return value

    def _aliased(self, event: yaml.AliasEvent) -> Any:
        if event.anchor not in self._anchors:
            raise YamlTrouble(_line(event), f"the alias {event.anchor!r:.80} names nothing that stands before it")
        value, count = self._anchors[event.anchor]
        self._counted(count, event)
        return value

    def _counted(self, count: int, event: yaml.Event) -> None:
        self._count += count
        if self._count > MOST_VALUES:
            raise YamlTrouble(_line(event), f"it stands for more than {MOST_VALUES} values")

    def _sequence(self, start: yaml.SequenceStartEvent, place: Place) -> list[Any]:
        _expect_no_tag(start)
        found: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self._value(event, (*place, len(found))))
        return found

    def _mapping(self, start: yaml.MappingStartEvent, place: Place) -> dict[str | int, Any]:
        _expect_no_tag(start)
        found: dict[str | int, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = _key(event)
            if key in found:
                first = self._lines[(*place, key)]
                what = f"the key {key!r:.80} stands here a second time; the first is in line {first}"
                raise YamlTrouble(_line(event), what)
            self._lines[(*place, key)] = _line(event)
            found[key] = self._value(next(self._events), (*place, key))
        return found


def _key(event: yaml.Event) -> str | int:
    key = _scalar(event) if isinstance(event, yaml.ScalarEvent) else None
    if isinstance(key, bool) or not isinstance(key, str | int):
        shown = f" {event.value!r:.80}" if isinstance(event, yaml.ScalarEvent) else ""
        raise YamlTrouble(_line(event), f"the key{shown} is not a word")
    return key


def _scalar(event: Any) -> Any:
    _expect_no_tag(event)
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    return float(text) if _FLOAT.match(text) else text


def _expect_no_tag(event: Any) -> None:
    if event.tag is not None:
        raise YamlTrouble(_line(event), f"the tag {event.tag!r:.80} is not understood")


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else int(mark.line) + 1


def _sentence(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    if mark is not None and "cannot start any token" in (error.problem or ""):
        line = text.split("\n")[mark.line]
        if "\t" in line[: len(line) - len(line.lstrip())]:
            return "a tab indents this line, which YAML does not take; write blanks"
    return ", ".join(part for part in (error.context, error.problem) if part) or "it is not YAML"
