"""XML answers out of trees: `{"Root": {"@xmlns": "...", "Item": [{"Id": 1}, {"Id": 2}]}}`. Everything is escaped."""

import re
from typing import Any
from xml.sax.saxutils import escape

from policies.expression_values import text

_UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, however escaped (section 2.2)."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*\Z")


def written(tree: dict[str, Any]) -> bytes:
    """A document. A list repeats its element, null leaves it out, `@name` is an attribute, `#text` the text inside."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    for name, value in tree.items():
        _element(name, value, parts)
    return "".join(parts).encode("utf-8")


def _element(name: str, value: Any, parts: list[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _element(name, item, parts)
        return
    name = name if _NAME.match(name) else "_"  # a tag may be made of what a client sent
    if isinstance(value, dict):
        _parent(name, value, parts)
    elif value is not None:
        parts.append(f"<{name}>{_escaped(value)}</{name}>")


def _parent(name: str, fields: dict[str, Any], parts: list[str]) -> None:
    attributes = (f' {key[1:]}="{_escaped(item, quote=True)}"' for key, item in fields.items() if key.startswith("@"))
    parts.append(f"<{name}{''.join(attributes)}>")
    for key, item in fields.items():
        if key == "#text":
            parts.append(_escaped(item))
        elif not key.startswith("@"):
            _element(key, item, parts)
    parts.append(f"</{name}>")


def _escaped(value: Any, quote: bool = False) -> str:
    shown = _UNSAYABLE.sub("�", text(value))
    return escape(shown, {'"': "&quot;"}) if quote else escape(shown)
