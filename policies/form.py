"""Form: urlencoded fields and queries, with the nesting that PHP, Rails and Stripe give brackets.

`a[b][0]=x` is `{"a": {"b": ["x"]}}`; `a[]=x&a[]=y` and a repeated `a=x&a=y` are lists, so that nothing sent is lost.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import count
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

DEEPEST = 12
"""Brackets followed in one name; what is deeper stays part of the name."""
MOST_FIELDS = 20_000
LONGEST_KNOWN = 100
"""Characters of a name whose brackets are remembered."""
_ONE_CHARACTER = {spelt: chr(octet) for octet in range(128) for spelt in (f"{octet:02X}", f"{octet:02x}")}
"""Escapes that are a whole character, by their digits."""


class FormError(ValueError):
    """A form that no two servers would read alike, or that is too large to be one."""


def read_form(text: str) -> dict[str, Any]:
    """The fields of a form or query. Raises FormError."""
    fields: dict[str, Any] = {}
    nodes: Nodes = {}
    apart = "%" in text and ("%26" in text or "%3D" in text or "%3d" in text)
    if not apart:
        # No escape stands for what parts fields: one look for others does for all of them.
        text = _decoded(text)
    if text.count("&") >= MOST_FIELDS:
        raise _too_many()
    for field in filter(None, text.split("&")):
        name, _, value = field.partition("=")
        if apart:
            name, value = _decoded(name), _decoded(value)
        if "[" in name:
            _put(fields, nodes, name, value)
        elif name in fields:
            _repeat(fields, nodes, name, value)
        else:
            fields[name] = value
    if nodes:
        _settle(nodes)
    return fields


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Names and values, decoded, in order. A field without `=` has the value ''. Raises FormError past MOST_FIELDS."""
    if text.count("&") >= MOST_FIELDS:
        raise _too_many()
    parts = [field.partition("=") for field in text.split("&") if field]
    return [(_decoded(name), _decoded(value)) for name, _, value in parts]


def nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Fields with bracketed names put into one another. Raises FormError where a name is both a value and a parent."""
    fields: dict[str, Any] = {}
    nodes: Nodes = {}
    for name, value in pairs:
        _put(fields, nodes, name, value)
    _settle(nodes)
    return fields


def _too_many() -> FormError:
    return FormError(f"a form of more than {MOST_FIELDS} fields")


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


def _steps(name: str) -> tuple[str, tuple[str, ...]]:
    """`a[b][]` as `"a", ("b", "")`; a name whose brackets do not close is one step."""
    head, bracket, rest = name.partition("[")
    if not head or not bracket or rest[-1:] != "]":
        return name, ()
    return head, tuple(rest[:-1].split("][", DEEPEST))


_known_steps = lru_cache(maxsize=1024)(_steps)
"""The same of the few names that a provider's clients send again and again."""

Nodes = dict[int, tuple[dict[str, Any], str, dict[str, Any], Iterator[int]]]
"""Fields that have fields of their own, by identity: what holds each, its key there, its fields, numbers for `[]`."""


def _put(fields: dict[str, Any], nodes: Nodes, name: str, value: Any) -> None:
    at = fields
    key, steps = _known_steps(name) if len(name) <= LONGEST_KNOWN else _steps(name)
    for step in steps:
        below = at.get(key)
        if below is None:
            below = at[key] = {}
            nodes[id(below)] = (at, key, below, count())
        elif id(below) not in nodes:
            raise _both(name.partition("[")[0])
        at = below
        key = step or next(free for number in nodes[id(below)][3] if (free := str(number)) not in below)
    if key in at:
        _repeat(at, nodes, key, value)
    else:
        at[key] = value


def _repeat(fields: dict[str, Any], nodes: Nodes, name: str, value: Any) -> None:
    held = fields[name]
    if id(held) in nodes:
        raise _both(name)
    if isinstance(held, list):
        held.append(value)
    else:
        fields[name] = [held, value]


def _both(name: str) -> FormError:
    return FormError(f"the field {name[:80]!r} is a value and has fields of its own")


def _settle(nodes: Nodes) -> None:
    """Nodes whose keys are all numbers become lists, the inner ones before those that hold them."""
    for holder, key, node, _ in reversed(nodes.values()):
        for name in node:
            if not name.isdigit() or not name.isascii() or len(name) >= 10:
                break
        else:
            holder[key] = [node[number] for number in sorted(node, key=int)]
