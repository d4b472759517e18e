"""Stray spellings: how else a text may say what is in it: escaped, in base64, in a part's own coding, compressed."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from policies.request_body import Undecodable, decoded

CODED_PART = b"ransfer-"
"""What stands in the head of every part that has a coding of its own (RFC 2045, 6.1), in the case clients write."""
_JSON_ESCAPE = re.compile(rb"\\+u00([0-7][0-9a-fA-F])")
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
_PART = re.compile(
    rb"(?i)transfer-encoding:[ \t]*(base64|quoted-printable)[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n"
    rb"(?s:(.*?))(?=\r?\n--|\Z)"
)
_PACKED = ((b"\x1f\x8b\x08", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_BEGINNINGS = tuple([start for start, _ in _PACKED])
_SHORTEST = 3
"""Octets of which base64 says something at each of the three places it may begin at."""


def packed_forms(text: bytes) -> list[bytes]:
    """What base64 of anything with this text in it contains, one for each place the text may begin at; none of it where
    the text is too short."""
    if len(text) < _SHORTEST:
        return []
    made = [base64.b64encode(bytes(ahead) + text) for ahead in range(3)]
    return [form[-(-8 * ahead // 6) : 8 * (ahead + len(text)) // 6] for ahead, form in enumerate(made)]


def unescaped(text: bytes) -> Iterator[bytes]:
    """The text as a form reads it, as JSON does, and as one within the other."""
    of_form = _of_form(text) if b"%" in text or b"+" in text else text
    of_json = _of_json(text) if b"\\" in text else text
    if of_form is not text:
        yield of_form
        if b"\\" in of_form:
            yield _of_json(of_form)
    if of_json is not text:
        yield of_json
        if b"%" in of_json:
            yield _of_form(of_json)


def unpacked(text: bytes, forms: tuple[bytes, ...]) -> Iterator[bytes]:
    """What base64 in the text says that has one of these forms in it."""
    if not any(form in text for form in forms):
        return
    for match in _RUN.finditer(text):
        run = match.group(0).replace(b"-", b"+").replace(b"_", b"/")
        if any(form in run for form in forms):
            for start in range(4):
                # It may follow a letter that is no part of it.
                whole = run[start:][: (len(run) - start) // 4 * 4]
                rest = run[start + len(whole) :]
                yield base64.b64decode(whole + (rest + b"==" if len(rest) > 1 else b"")[:4])


def is_coded(body: bytes) -> bool:
    """Whether a body is to be opened before anybody can tell what is in it."""
    return CODED_PART in body or body.startswith(_BEGINNINGS)


def opened(body: bytes) -> Iterator[bytes]:
    """What is in a body that says nothing of being compressed, and in parts that have codings of their own."""
    for start, coding in _PACKED:
        if body.startswith(start):
            try:
                yield decoded(body, {"content-encoding": coding})
            except Undecodable:
                return  # whoever it was for cannot read it either
    if CODED_PART in body:
        for match in _PART.finditer(body):
            packed, content = match.group(1).lower() == b"base64", match.group(2)
            try:
                yield base64.b64decode(content) if packed else quopri.decodestring(content)
            except binascii.Error:
                yield content


def json_escapes(octets: set[int]) -> bytes:
    """A pattern of what JSON, or JSON in a form, may write for any of these octets."""
    codes = [b"%02x" % octet for octet in sorted(octets) if octet < 128]
    return rb"(?:\\|%5[Cc])u00(?i:" + b"|".join(codes) + b")"


def _of_form(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _of_json(text: bytes) -> bytes:
    return _JSON_ESCAPE.sub(lambda match: bytes([int(match.group(1), 16)]), text)
