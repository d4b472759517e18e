"""A mail that was handed to a provider's API, found in the call: its HTML and its text, whole. Pure.

Facts hold the beginning of one text alone, which a pack names. Providers call the same two things by a few names, so
they are looked for by these, wherever they stand: `content: [{type: text/html, value}]`, `Body: {Html: {Data}}`,
`html`, `HtmlBody`, and a form's `Message.Body.Html.Data`.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

LARGEST = 8 * 1024 * 1024
"""Octets of a call that are read; Soundstage masks none larger."""
_NAMES = {
    "html": "html", "htmlbody": "html", "html_body": "html", "htmlcontent": "html", "html_content": "html",
    "text": "text", "textbody": "text", "text_body": "text", "textcontent": "text", "text_content": "text",
    "plain": "text",
}  # fmt: skip
_TYPES = {"text/html": "html", "text/plain": "text"}
_VALUES = ("value", "data", "content")


def called_mail(raw: bytes, content_type: str | None) -> dict[str, str]:
    """`{"html": ..., "text": ...}`, each only where it is there; the first of several counts."""
    if len(raw) > LARGEST:
        return {}
    found: dict[str, str] = {}
    for name, text in _texts(read_call(raw, (content_type or "").lower())):
        found.setdefault(name, text)
    return found


def read_call(raw: bytes, kind: str) -> Any:
    """The values of a call, whose type is in lower case; None where it is neither JSON nor a form."""
    try:
        if "x-www-form-urlencoded" in kind:
            pairs = parse_qsl(raw.decode(), max_num_fields=2000)
            return [{name.removesuffix(".Data").rpartition(".")[2]: text} for name, text in pairs]
        return json.loads(raw) if "json" in kind or raw[:1] == b"{" else None
    except (ValueError, RecursionError):
        return None


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Every text of the call that is a mail's, in the order in which they stand."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, dict):
            yield from _of(one)
            waiting += reversed(one.values())


def _of(one: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lower = {name.lower(): value for name, value in one.items()}
    declared = _TYPES.get(_text(lower.get("type")).partition(";")[0].strip().lower())
    if declared:
        yield from ((declared, text) for name in _VALUES if (text := _text(lower.get(name))))
    yield from ((_NAMES[name], text) for name, said in lower.items() if name in _NAMES and (text := _text(said)))


def _text(value: Any) -> str:
    """The value, or what SES wraps it in; empty where it is no text. What no UTF-8 can say is a question mark."""
    if isinstance(value, dict):
        value = value.get("Data") or value.get("data")
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) and value.strip() else ""
