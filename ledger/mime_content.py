"""Contents of MIME leaves: transfer encodings undone, text made readable (RFC 2045). Tolerant, and never raises."""

import binascii

from ledger.mime_budget import MimeBudget
from ledger.mime_tree import Leaf
from policies.encoded_word import codec_of, decode_octets

_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_NOT_BASE64 = bytes(octet for octet in range(256) if octet not in _BASE64)
_BLANK = b" \t\r\n"


def content_of(raw: bytes, leaf: Leaf) -> tuple[bytes, tuple[str, ...]]:
    """The leaf's octets, decoded as far as they can be, and what was wrong with them."""
    octets = raw[leaf.start : leaf.end]
    encoding = leaf.head.raw("content-transfer-encoding").strip().lower()
    if encoding == b"base64":
        return _base64(octets)
    if encoding == b"quoted-printable":
        return binascii.a2b_qp(octets), ()
    if encoding not in (b"", b"7bit", b"8bit", b"binary"):
        return octets, ("unknown_encoding",)
    return octets, ()


def text_of(octets: bytes, leaf: Leaf, budget: MimeBudget) -> tuple[str, tuple[str, ...]]:
    """The text of a text leaf's content."""
    charset = leaf.parameters.get("charset")
    flags: tuple[str, ...] = ("unknown_charset",) if charset and codec_of(charset) is None else ()
    if len(octets) > budget.text_octets:
        octets, flags = octets[: budget.text_octets], (*flags, "text_truncated")
    text = decode_octets(octets, charset)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r\n", "\n").replace("\r", "\n"), flags


def _base64(octets: bytes) -> tuple[bytes, tuple[str, ...]]:
    clean = octets.translate(None, _NOT_BASE64)
    broken = len(clean) != len(octets.translate(None, _BLANK))
    body, padding, rest = clean.partition(b"=")
    broken = broken or rest.strip(b"=") != b""
    if len(body) % 4 == 1:
        body, broken = body[:-1], True
    broken = broken or (len(body) + len(padding) + len(rest)) % 4 != 0
    decoded = binascii.a2b_base64(body + b"=" * (-len(body) % 4))
    return decoded, ("broken_base64",) if broken else ()
