"""Bodies made readable: text as text, JSON indented, forms one field a line. What is no text is not guessed at."""

import json
from urllib.parse import parse_qsl

READABLE_LIMIT = 256 * 1024
"""Octets of a body that are shown; the whole of it is at `/raw`."""

_TEXTUAL = ("json", "xml", "text/", "javascript", "x-www-form-urlencoded", "graphql", "yaml", "csv")


def readable(body: bytes, content_type: str | None) -> str | None:
    """The body as text, cut at `READABLE_LIMIT`, or None where it is none."""
    if not body:
        return None
    head = body[:READABLE_LIMIT]
    declared = any(mark in (content_type or "").lower() for mark in _TEXTUAL)
    if not declared and b"\0" in head:
        return None
    try:
        # A character cut in two at the limit is no reason to call it binary.
        return head.decode("utf-8", "ignore" if len(body) > READABLE_LIMIT else "strict")
    except UnicodeDecodeError:
        return head.decode("latin-1") if declared else None


def pretty(text: str, content_type: str | None) -> str:
    """The same text laid out for reading; unchanged where it is not what it says."""
    kind = (content_type or "").lower()
    if "json" in kind or text[:1] in ("{", "["):
        return _indented(text)
    if "x-www-form-urlencoded" in kind:
        return _fields(text)
    return text


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _fields(text: str) -> str:
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=2000)
    except ValueError:
        return text
    return "\n".join(f"{name} = {value}" for name, value in fields) or text
