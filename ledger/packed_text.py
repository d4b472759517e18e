"""PackedText: JSON and `name=value` in base64 within another text, as queues, functions and clusters carry them. Looked
into, and put back.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ledger.secret_names import linear

_BEGINNING = rb"(?:eyJ|eyAi|ewo[gJi]|W3si|WyJ|Wwog)"
"""Of `{"`, `{ "`, `{` and a line feed, `[{"`, `["`, `[` and a line feed."""
_JSON = _BEGINNING + rb"[A-Za-z0-9+/_-]{4}"
_WRITTEN = (
    b"password", b"PASSWORD", b"Password", b"passwd", b"secret", b"SECRET", b"Secret", b"token", b"TOKEN", b"Token",
    b"_key", b"_KEY", b"apikey", b"apiKey", b"AccessKey", b"AccountKey",
)  # fmt: skip
"""How the names of secrets are written before an equals sign: in another case base64 makes another text of them."""
_ASSIGNED = b"|".join(
    base64.b64encode(bytes(ahead) + name + b"=")[-(-8 * ahead // 6) : 8 * (ahead + len(name) + 1) // 6]
    for name in _WRITTEN
    for ahead in range(3)
)
"""What base64 of such a name and the sign contains, at each of the three places it may begin at."""
PACKED = _JSON + b"|" + _ASSIGNED
"""What none is without: its hint."""
_ASSIGNED_HINT = linear(_ASSIGNED)
_SIGN = rb"(?:[A-Za-z0-9+/_-]|%2[BbFf]|\\/)"
_PACKED = linear(
    # A dot before or after it is a signed token's, which is removed as a whole.
    rb"(^|[^A-Za-z0-9+/_.-])(" + _JSON + rb"(?:[A-Za-z0-9+/_-]|%2[BbFf]|\\/){8,}(?:=|%3[Dd]|\\u003[dD]){0,2})"
    rb"([^A-Za-z0-9+/_.-]|\z)"
)
_PACKED_PAIRS = linear(
    rb"(^|[^A-Za-z0-9+/_.-])(" + _SIGN + b"*(?:" + _ASSIGNED + b")" + _SIGN + rb"*(?:=|%3[Dd]|\\u003[dD]){0,2})"
    rb"([^A-Za-z0-9+/_.=-]|\z)"
)


def without_packed(text: bytes, inner: Callable[[bytes], bytes], note: Callable[[bytes], object]) -> bytes:
    """The text with `inner` done to all of this in base64; those it leaves alone stay as they are, the others are told
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

    text = bytes(_PACKED.sub(opened, text))
    return bytes(_PACKED_PAIRS.sub(opened, text)) if _ASSIGNED_HINT.search(text) is not None else text


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
