"""Addresses of a mail's header fields, as Mailpit's API shows them: `{"Name": ..., "Address": ...}`. Pure.

Names are decoded only once the list has been taken apart: a comma within an encoded name parts nobody.
"""

import re2

from policies.encoded_word import decode_words

FIELD_OCTETS = 64 * 1024
"""Of one field's value that is read."""
ADDRESSES = 1000
"""Addresses of one field that are shown."""

Address = dict[str, str]

# What stands between commas: quoted strings, comments and angle brackets whole, anything else octet by octet.
_PIECE = re2.compile(rb'"(?:[^"\\]|\\.)*"?|\((?:[^()\\]|\\.)*\)?|<[^>]*>?|[,;]|[^",;(<]+')
_ANGLE = re2.compile(rb"<([^>]*)>?")
_COMMENT = re2.compile(rb"\(((?:[^()\\]|\\.)*)\)?")
_GROUP = re2.compile(rb'^\s*[^"<>@:]{1,200}:')
_ESCAPED = re2.compile(rb"\\(.)")


def addresses(values: list[bytes]) -> list[Address]:
    """Everybody that the values of a field name (RFC 5322, 3.4), in order. Never raises."""
    return [one for value in values for piece in _pieces(value[:FIELD_OCTETS]) if (one := _address(piece))][:ADDRESSES]


def bare(address: str) -> Address:
    """Somebody of whom only the address is known."""
    return {"Name": "", "Address": address}


def _pieces(value: bytes) -> list[bytes]:
    pieces: list[list[bytes]] = [[]]
    for part in _PIECE.findall(value):
        if part in (b",", b";"):
            pieces.append([])
        else:
            pieces[-1].append(part)
    return [b"".join(parts) for parts in pieces]


def _address(piece: bytes) -> Address | None:
    piece = _GROUP.sub(b"", piece)
    angle = _ANGLE.search(piece)
    if angle is not None:
        name, address = _text(piece[: angle.start()]), _text(angle.group(1))
    else:
        comment = _COMMENT.search(piece)
        name, address = _text(b"" if comment is None else comment.group(1)), _text(_COMMENT.sub(b"", piece))
    return {"Name": name, "Address": address} if name or address else None


def _text(octets: bytes) -> str:
    octets = octets.strip()
    if octets[:1] == b'"':
        octets = _ESCAPED.sub(rb"\1", octets[1:-1] if octets[-1:] == b'"' and len(octets) > 1 else octets[1:])
    return " ".join(decode_words(octets).replace("\0", "\N{REPLACEMENT CHARACTER}").split())
