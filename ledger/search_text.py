"""SearchText: the words a capture can be found by: whom and what it names, and what its body says. Never raises."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from ledger.body_store import BodyStore
from ledger.mime import search_text
from ledger.stored import StoredCapture, stored_by
from ledger.trouble import LedgerUnavailable
from policies.request_body import Undecodable, decoded

TEXT_LIMIT = 64 * 1024
"""Characters of one capture that are searched."""

_BODY_LIMIT = 4 * 1024 * 1024
_FACT_DEPTH = 6


def text_of(row: Mapping[Any, Any], store: BodyStore) -> str:
    """The searchable text of a row of `captures` with its `evidence`."""
    stored = stored_by(row)
    pieces = [*_named(stored), _said(stored, _body(row, store))]
    return "\n".join(piece for piece in pieces if piece)[:TEXT_LIMIT]


def _named(stored: StoredCapture) -> Iterator[str]:
    effect = stored.capture.effect
    yield effect.target.host
    yield effect.target.path or ""
    yield unquote_plus(stored.query)
    yield effect.provider or ""
    yield effect.operation or ""
    yield from _strings(stored.capture.facts, 0)


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    elif depth < _FACT_DEPTH:
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
        for one in inner:
            yield from _strings(one, depth + 1)


def _body(row: Mapping[Any, Any], store: BodyStore) -> bytes:
    if row["body"] is not None:
        return bytes(row["body"])
    if row["body_sha256"] is None:
        return b""
    held = b""
    try:
        for chunk in store.read(row["body_sha256"]):
            held += chunk
            if len(held) >= _BODY_LIMIT:
                break
    except (LedgerUnavailable, OSError):
        # A body that is gone is no reason not to find the capture by the rest.
        return held
    return held


def _said(stored: StoredCapture, body: bytes) -> str:
    if not body:
        return ""
    content_type = (stored.capture.payload.content_type or "").lower()
    if content_type.startswith("message/rfc822"):
        return search_text(body)
    try:
        body = decoded(body, dict(stored.request_headers))
    except Undecodable:
        return ""
    sample = body[: TEXT_LIMIT * 2]
    if b"\0" in sample[:1024]:
        return ""
    text = sample.decode("utf-8", "ignore")
    return unquote_plus(text) if "form-urlencoded" in content_type else text
