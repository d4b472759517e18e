"""PackedText: JSON in base64 within another text, as queues and functions carry messages. Looked into, and put back."""

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ledger.secret_names import linear

_BEGINNING = rb"(?:eyJ|eyAi|ewo[gJi]|W3si|WyJ|Wwog)"
"""Of `{"`, `{ "`, `{` and a line feed, `[{"`, `["`, `[` and a line feed."""
PACKED = _BEGINNING + rb"[A-Za-z0-9+/_-]{4}"
"""What none is without: its hint."""
_PACKED = linear(
    # A dot before or after it is a signed token's, which is removed as a whole.
    rb"(^|[^A-Za-z0-9+/_.-])(" + PACKED + rb"(?:[A-Za-z0-9+/_-]|%2[BbFf]|\\/){8,}(?:=|%3[Dd]|\\u003[dD]){0,2})"
    rb"([^A-Za-z0-9+/_.-]|\z)"
)


def without_packed(text: bytes, inner: Callable[[bytes], bytes], note: Callable[[bytes], object]) -> bytes:
    """The text with `inner` done to every JSON in base64; those it leaves alone stay as they are, the others are told
    to `note`."""

    def opened(match: Any) -> bytes:
        packed: bytes = match.group(2)
        plain = _plain(packed)
        try:
            decoded = base64.b64decode(plain + b"=" * (-len(plain) % 4), b"-_" if _is_of_links(plain) else None)
            decoded.decode()
        except (binascii.Error, UnicodeDecodeError):
            return bytes(match.group(0))
        masked = inner(decoded)
        if masked == decoded:
            return bytes(match.group(0))
        note(packed)
        return bytes(match.group(1) + _packed_like(packed, plain, masked) + match.group(3))

    return bytes(_PACKED.sub(opened, text))


def _plain(packed: bytes) -> bytes:
    """Without the escapes of what is around it, and its padding."""
    text = unquote_to_bytes(packed) if b"%" in packed else packed
    return text.replace(b"\\/", b"/").partition(b"=")[0].partition(b"\\u003")[0]


def _is_of_links(plain: bytes) -> bool:
    """Whether it is in the alphabet of RFC 4648, section 5."""
    return b"-" in plain or b"_" in plain


def _packed_like(packed: bytes, plain: bytes, text: bytes) -> bytes:
    made = base64.urlsafe_b64encode(text) if _is_of_links(plain) else base64.b64encode(text)
    if packed == plain:
        made = made.rstrip(b"=")
    return quote_from_bytes(made, "").encode() if b"%" in packed else made
