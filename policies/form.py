"""Form: urlencoded fields and queries, with the nesting that PHP, Rails and Stripe give brackets.

`a[b][0]=x` is `{"a": {"b": ["x"]}}`; `a[]=x&a[]=y` and a repeated `a=x&a=y` are lists, so that nothing sent is lost.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

DEEPEST = 12
"""Brackets followed in one name; what is deeper stays part of the name."""
MOST_FIELDS = 20_000
_ONE_CHARACTER = {spelt: chr(octet) for octet in range(128) for spelt in (f"{octet:02X}", f"{octet:02x}")}
"""Escapes that are a whole character, by their digits."""


class FormError(ValueError):
    """A form that no two servers would read alike, or that is too large to be one."""


def read_form(text: str) -> dict[str, Any]:
    """The fields of a form or query. Raises FormError."""
    fields: dict[str, Any] = {}
    bracketed = False
    for field in _split(text):
        name, _, value = field.partition("=")
        # Most fields of a form say nothing in escapes, and one look tells.
        if "%" in field or "+" in field:
            name, value = _decoded(name), _decoded(value)
        if "[" in name:
            bracketed = True
            _put(fields, _steps(name), value)
        elif name in fields:
            _repeat(fields, name, value)
        else:
            fields[name] = value
    return _all_settled(fields) if bracketed else fields


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Names and values, decoded, in order. A field without `=` has the value ''. Raises FormError past MOST_FIELDS."""
    parts = [field.partition("=") for field in _split(text)]
    return [(_decoded(name), _decoded(value)) for name, _, value in parts]


def nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Fields with bracketed names put into one another. Raises FormError where a name is both a value and a parent."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        _put(fields, _steps(name), value)
    return _all_settled(fields)


def _split(text: str) -> list[str]:
    if text.count("&") >= MOST_FIELDS:
        raise FormError(f"a form of more than {MOST_FIELDS} fields")
    fields = text.split("&")
    return fields if all(fields) else [field for field in fields if field]


def _all_settled(fields: dict[str, Any]) -> dict[str, Any]:
    for name in [name for name, value in fields.items() if type(value) is _Node]:
        fields[name] = _settled(fields[name])
    return fields


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    read, *escapes = text.split("%")
    for escape in escapes:
        character = _ONE_CHARACTER.get(escape[:2])
        if character is None:
            # Of octets in ASCII this gives what `unquote` gives, at a third of its cost.
            return unquote_to_bytes(text).decode("utf-8", "replace") if text.isascii() else unquote(text)
        read += character + escape[2:]
    return read


def _steps(name: str) -> list[str]:
    """`a[b][]` as `["a", "b", ""]`; a name whose brackets do not close is one step."""
    head, bracket, rest = name.partition("[")
    if not head or not bracket or rest[-1:] != "]":
        return [name]
    return [head, *rest[:-1].split("][", DEEPEST)]


def _repeat(fields: dict[str, Any], name: str, value: Any) -> None:
    held = fields[name]
    if isinstance(held, _Node):
        raise FormError(f"the field {name[:80]!r} is a value and has fields of its own")
    if isinstance(held, list):
        held.append(value)
    else:
        fields[name] = [held, value]


class _Node(dict[str, Any]):
    """A field that has fields of its own, while it is being put together."""

    __slots__ = ("unnamed",)

    def __init__(self) -> None:
        self.unnamed = 0


def _put(fields: dict[str, Any], steps: list[str], value: Any) -> None:
    at: dict[str, Any] = fields
    key = steps[0]
    for step in steps[1:]:
        below = at.get(key)
        if below is None:
            below = at[key] = _Node()
        elif type(below) is not _Node:
            raise FormError(f"the field {steps[0][:80]!r} is a value and has fields of its own")
        at = below
        key = step or _next_number(below)
    if key in at:
        _repeat(at, key, value)
    else:
        at[key] = value


def _next_number(node: "_Node") -> str:
    """The key of `[]`: the next that is free."""
    while str(node.unnamed) in node:
        node.unnamed += 1
    return str(node.unnamed)


def _settled(value: Any) -> Any:
    """Nodes as plain objects, or as lists where every key is a number."""
    if type(value) is not _Node:
        return value
    for key in value:
        if not key.isdigit() or not key.isascii() or len(key) >= 10:
            return {name: _settled(item) if type(item) is _Node else item for name, item in value.items()}
    return [_settled(value[key]) for key in sorted(value, key=int)]
