"""Written: values of an answer that are JSON text already, and what is done to them without making data of them.

An answer's objects are written field by field as they are made; only what an expression looks into is read again.
"""

import json
from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

from policies import expression_collections
from policies.expression_values import finite

_WORD = 2**63
quoted = encode_basestring
"""A text as JSON. What is no ASCII stays as it is, half a surrogate pair too, so that the whole fails to encode."""


class Written:
    """A value as its JSON text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text


class Layout:
    """The keys of an object, in order: made at load, shared by all objects that are written by the same tree."""

    __slots__ = ("_joins", "heads", "places")

    def __init__(self, keys: Iterable[str]) -> None:
        self.places = {key: at for at, key in enumerate(keys)}
        self.heads = tuple([f"{quoted(key)}:" for key in self.places])
        self._joins: dict[Layout, Join] = {}

    def joined(self, other: "Layout") -> "Join":
        """How an object of `other` is merged into one of these. Remembered: there are as many as trees merge."""
        join = self._joins.get(other)
        if join is None:
            join = self._joins[other] = Join(self, other)
        return join


class Join:
    """Where the fields of one layout go in another, new keys after those that are there."""

    __slots__ = ("layout", "more", "places")

    def __init__(self, one: Layout, other: Layout) -> None:
        new = [key for key in other.places if key not in one.places]
        self.layout = Layout([*one.places, *new]) if new else one
        self.more = [""] * len(new)
        self.places = tuple([self.layout.places[key] for key in other.places])


class WrittenObject(Written):
    """An object as the texts of its fields, each `"key":json`."""

    __slots__ = ("fields", "layout")

    def __init__(self, layout: Layout, fields: list[str]) -> None:
        self.layout = layout
        self.fields = fields

    def text(self) -> str:
        return f"{{{','.join(self.fields)}}}"


def json_text(value: Any) -> str:
    """Any value as JSON, of what is written already its text; infinities are null."""
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is int and -_WORD <= value < _WORD:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if isinstance(value, Written):
        return value.text()
    try:
        return to_json(value, inf_nan_mode="null").decode()
    except (PydanticSerializationError, ValueError):
        return json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """A value as data."""
    return read(value.text()) if isinstance(value, Written) else value


def read(text: str | bytes) -> Any:
    try:
        return from_json(text)
    except (ValueError, TypeError):  # half a surrogate pair
        return json.loads(text)


def field(value: Any, key: str) -> Any:
    """`value.key` as data; null where there is none."""
    if type(value) is not WrittenObject:
        value = plain(value)
        return value.get(key) if type(value) is dict else None
    at = value.layout.places.get(key)
    if at is None:
        return None
    told = value.fields[at][len(value.layout.heads[at]) :]
    return told[1:-1] if told[0] == '"' and "\\" not in told else read(told)


def merged(values: Sequence[Any]) -> Any:
    """One object of several: later keys win, and what is no object merges nothing."""
    made: Any = None
    for value in values:
        if type(value) is WrittenObject and (made is None or type(made) is WrittenObject):
            made = value if made is None else _over(made, value)
        elif isinstance(told := plain(value), dict) and told:
            made = {**(plain(made) or {}), **told}
    return {} if made is None else made


def _over(one: WrittenObject, other: WrittenObject) -> WrittenObject:
    join = one.layout.joined(other.layout)
    fields = one.fields + join.more
    for at, told in zip(join.places, other.fields, strict=True):
        fields[at] = told
    return WrittenObject(join.layout, fields)


def patched(value: Any, changes: Any) -> Any:
    """The filter `patched`, of an object that may be written: those fields alone that change are written anew."""
    if type(value) is not WrittenObject or not isinstance(changes, dict):
        return expression_collections.patched(plain(value), changes)
    layout, fields = value.layout, value.fields.copy()
    for key, change in changes.items():
        at = layout.places.get(key)
        if at is not None:
            head = layout.heads[at]
            if type(change) is str:
                fields[at] = head + (quoted(change) if change else "null")
            elif type(change) is dict:
                fields[at] = head + _entries(fields[at][len(head) :], change)
            else:
                fields[at] = head + json_text(change)
    return WrittenObject(layout, fields)


def _entries(kept: str, change: dict[str, Any]) -> str:
    """An object merged one level deeper, an empty text removing its key; of anything else, what it is changed to."""
    if kept[0] != "{":
        return json_text(change)
    whole = change if kept == "{}" else {**read(kept), **change}
    return json_text({name: item for name, item in whole.items() if item != ""})
