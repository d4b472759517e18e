"""Written: values of an answer that are JSON text already, and what is done to them without making data of them.

What never changes in an answer's objects is written at load and the rest as it is made; only what an expression looks
into is read again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

from policies import expression_collections
from policies.expression_values import finite

MOST_REMEMBERED = 32
"""Sets of keys of which it is known how an object of one tree is patched with them, or merged."""
_WORD = 2**63
_TEXTS = frozenset({str})
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
    """The keys of an object in order, and what each one's value is: made at load, shared by all that one tree writes.

    What is the same in all of them is written once, as few long texts: only what differs is made for each answer.
    """

    __slots__ = ("_changes", "_joins", "keyless", "picked", "pieces", "places", "size")

    def __init__(self, places: Mapping[str, str | int], size: int) -> None:
        """A key's place is its value as JSON where that never changes, else the number of one of `size` values."""
        self.places = dict(places)
        self.size = size
        self.pieces, order = _pieces(self.places)
        """An object's text, every other piece being the place of a value that differs."""
        self.picked = None if order == [*range(size)] else _picker(order)
        """Gives the values in the order of their places, where that is another."""
        self.keyless: bool | None = None
        """Whether there is nothing in the pieces that may be a key, once the ledger has looked."""
        self._joins: dict[Layout, Layout] = {}
        self._changes: dict[tuple[Any, ...], Layout] = {}

    def joined(self, other: "Layout") -> "Layout":
        """Of an object merged with one of `other`: its values are followed by the other's."""
        made = self._joins.get(other)
        if made is None:
            moved = {key: at if isinstance(at, str) else self.size + at for key, at in other.places.items()}
            made = Layout({**self.places, **moved}, self.size + other.size)
            _remember(self._joins, other, made)
        return made

    def changed(self, keys: list[str], over: "Layout | None" = None) -> "Layout":
        """Of an object whose `keys` are changed: its values are followed by theirs. Then merged with one of `over`."""
        made = self._changes.get((over, *keys))
        if made is None:
            moved = {key: self.size + at for at, key in enumerate(keys)}
            made = Layout({**self.places, **moved}, self.size + len(keys))
            made = made if over is None else made.joined(over)
            _remember(self._changes, (over, *keys), made)
        return made


def _pieces(places: Mapping[str, str | int]) -> tuple[list[str], list[int]]:
    """An object's text, with a place left for each value that differs; and which values these are."""
    pieces, order = ["{"], []
    for number, (key, place) in enumerate(places.items()):
        pieces[-1] += f"{',' if number else ''}{quoted(key)}:"
        if isinstance(place, str):
            pieces[-1] += place
        else:
            order.append(place)
            pieces += ["", ""]
    pieces[-1] += "}"
    return pieces, order


def _picker(order: list[int]) -> Callable[[list[str]], Sequence[str]]:
    return itemgetter(*order) if len(order) > 1 else lambda values: [values[at] for at in order]


def _remember[Key](held: dict[Key, Layout], key: Key, made: Layout) -> None:
    """What clients send has few sets of keys, but a hostile one has any number of them."""
    if len(held) >= MOST_REMEMBERED:
        del held[next(iter(held))]
    held[key] = made


class WrittenObject(Written):
    """An object as the texts of those of its values that differ, and the layout that says what the others are."""

    __slots__ = ("layout", "values")

    def __init__(self, layout: Layout, values: list[str]) -> None:
        self.layout = layout
        self.values = values

    def text(self) -> str:
        layout = self.layout
        pieces = layout.pieces.copy()
        pieces[1::2] = self.values if layout.picked is None else layout.picked(self.values)
        return "".join(pieces)

    def told(self, key: str) -> str | None:
        """One value as JSON."""
        at = self.layout.places.get(key)
        return self.values[at] if isinstance(at, int) else at


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
    if kind is dict and _TEXTS.issuperset(map(type, value.values())):
        # As clients' own fields are, `metadata` among them.
        return f"{{{','.join([f'{quoted(name)}:{quoted(item)}' for name, item in value.items()])}}}"
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
    told = value.values[at] if isinstance(at, int) else at
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
    return WrittenObject(one.layout.joined(other.layout), one.values + other.values)


def patched(value: Any, changes: Any, over: Layout | None = None, values: Sequence[str] = ()) -> Any:
    """The filter `patched`, of an object that may be written: those fields alone that change are written anew.

    Merged with the object of `over` and its `values`, where there is one: what that says need not be written before.
    """
    if type(value) is not WrittenObject or not isinstance(changes, dict):
        made = expression_collections.patched(plain(value), changes)
        return made if over is None else merged([made, WrittenObject(over, [*values])])
    places, hidden = value.layout.places, () if over is None else over.places
    keys: list[str] = []
    told = value.values.copy()
    for key, change in changes.items():
        if key in places and key not in hidden:
            keys.append(key)
            if type(change) is str:
                told.append(quoted(change) if change else "null")
            elif type(change) is int:
                told.append(json_text(change) if change.bit_length() > 63 else str(change))
            elif type(change) is dict:
                told.append(_entries(value.told(key) or "null", change))
            else:
                told.append(json_text(change))
    told += values
    return WrittenObject(value.layout.changed(keys, over), told)


def _entries(kept: str, change: dict[str, Any]) -> str:
    """An object merged one level deeper, an empty text removing its key; of anything else, what it is changed to."""
    if kept[0] != "{":
        return json_text(change)
    whole = change if kept == "{}" else {**read(kept), **change}
    return json_text({name: item for name, item in whole.items() if item != ""})
