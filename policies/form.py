"""Form: urlencoded fields and queries, with the nesting that PHP, Rails and Stripe give brackets.

`a[b][0]=x` is `{"a": {"b": ["x"]}}`; `a[]=x&a[]=y` and a repeated `a=x&a=y` are lists, so that nothing sent is lost.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

DEEPEST = 12
"""Brackets followed in one name; what is deeper stays part of the name."""
MOST_FIELDS = 20_000


class FormError(ValueError):
    """A form that no two servers would read alike, or that is too large to be one."""


def read_form(text: str) -> dict[str, Any]:
    """The fields of a form or query. Raises FormError."""
    return nested(read_pairs(text))


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Names and values, decoded, in order. A field without `=` has the value ''. Raises FormError past MOST_FIELDS."""
    if text.count("&") >= MOST_FIELDS:
        raise FormError(f"a form of more than {MOST_FIELDS} fields")
    pairs: list[tuple[str, str]] = []
    for field in text.split("&"):
        if field:
            name, _, value = field.partition("=")
            # Most fields of a form say nothing in escapes, and one look tells.
            escaped = "%" in field or "+" in field
            pairs.append((_decoded(name), _decoded(value)) if escaped else (name, value))
    return pairs


def nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Fields with bracketed names put into one another. Raises FormError where a name is both a value and a parent."""
    fields: dict[str, Any] = {}
    bracketed = False
    for name, value in pairs:
        if "[" in name:
            bracketed = True
            _put(fields, _steps(name), value)
        elif name in fields:
            _repeat(fields, name, value)
        else:
            fields[name] = value
    if bracketed:
        for name, value in fields.items():
            if isinstance(value, _Node):
                fields[name] = _settled(value)
    return fields


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    # Of octets in ASCII this gives what `unquote` gives, at a third of its cost.
    return unquote_to_bytes(text).decode("utf-8", "replace") if text.isascii() else unquote(text)


def _steps(name: str) -> list[str]:
    """`a[b][]` as `["a", "b", ""]`; a name whose brackets do not close is one step."""
    head, bracket, rest = name.partition("[")
    if not head or not bracket or not rest.endswith("]"):
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
    for step in steps[:-1]:
        key = _named(at, step)
        below = at.get(key)
        if below is None:
            below = at[key] = _Node()
        if not isinstance(below, _Node):
            raise FormError(f"the field {steps[0][:80]!r} is a value and has fields of its own")
        at = below
    key = _named(at, steps[-1])
    if key in at:
        _repeat(at, key, value)
    else:
        at[key] = value


def _named(node: dict[str, Any], step: str) -> str:
    """The key of a step; `[]` takes the next free number."""
    if step or not isinstance(node, _Node):
        return step
    while str(node.unnamed) in node:
        node.unnamed += 1
    return str(node.unnamed)


def _settled(value: Any) -> Any:
    """Nodes as plain objects, or as lists where every key is a number."""
    if not isinstance(value, _Node):
        return value
    if all(key.isascii() and key.isdigit() and len(key) < 10 for key in value):
        return [_settled(value[key]) for key in sorted(value, key=int)]
    return {key: _settled(item) for key, item in value.items()}
