"""BinaryFields: values beside the names of secrets in MessagePack, CBOR, BSON and maps of Protocol Buffers.

A name counts where its own length stands before it (in BSON: its type before it, and a NUL behind), and what follows is
the head of a text or of octets with a length that fits. Nothing else in such a body says where a value ends.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.secret_names import ENDINGS, harmless, label_of, linear
from ledger.secret_patterns import Mark

_ENDING = linear(rb"(?i)(?:" + ENDINGS + b")")
_NAME = linear(rb"(?i)[\w.\[\]-]*?(?:" + ENDINGS + b")")
_LONGEST_NAME = 64


class _Value(NamedTuple):
    name: bytes
    start: int
    end: int


def is_bson(data: bytes) -> bool:
    """Whether a body is one document of BSON: its length before it, a NUL at its end."""
    return len(data) > 4 and not data[-1] and int.from_bytes(data[:4], "little") == len(data)


def without_binary_fields(data: bytes, mark: Mark) -> bytes:
    """The octets with a mark in the place of each such value; lengths before them are left as they are."""
    pieces: list[bytes] = []
    done = 0
    for match in _ENDING.finditer(data):
        begin, end = match.span()
        value = next(_values(data, end, end - begin), None)
        if value is not None and value.start >= done and not harmless(value.name):
            pieces += (data[done : value.start], mark(label_of(value.name), data[value.start : value.end]))
            done = value.end
    return b"".join(pieces) + data[done:] if done else data


def _values(data: bytes, end: int, least: int) -> Iterator[_Value]:
    """What a name that ends here is of, by each of its possible beginnings."""
    for size in range(least, min(_LONGEST_NAME, end - 1) + 1):
        name = data[end - size : end]
        for place in _after(data, data[end - size - 1], data[end - size - 2 : end - size - 1], size, end):
            if _NAME.fullmatch(name) is not None and place[0] < place[1] <= len(data):
                yield _Value(name, *place)


def _after(data: bytes, before: int, ahead: bytes, size: int, at: int) -> Iterator[tuple[int, int]]:
    """Where the value of a name is, by what is right before the name (and `ahead` of that)."""
    if before == 0xA0 | size or (before == size and ahead == b"\xd9"):
        yield from _sized(data, at, 0xA0, 32, {0xD9: 1, 0xDA: 2, 0xDB: 4, 0xC4: 1, 0xC5: 2, 0xC6: 4})
    if (before == 0x60 | size and size < 24) or (before == size and ahead == b"\x78"):
        yield from _sized(data, at, 0x60, 24, {0x78: 1, 0x79: 2, 0x7A: 4})
        yield from _sized(data, at, 0x40, 24, {0x58: 1, 0x59: 2, 0x5A: 4})
    if before == size and ahead == b"\x0a" and data[at : at + 1] == b"\x12":
        yield from _of_message(data, at + 1)
    if before in (2, 5) and data[at : at + 1] == b"\0":
        length = int.from_bytes(data[at + 1 : at + 5], "little")
        start = at + 5 + (before == 5)
        yield start, start + length - (before == 2)


def _sized(data: bytes, at: int, short: int, below: int, long: dict[int, int]) -> Iterator[tuple[int, int]]:
    """By one octet that says kind and length, or by one for the kind and some for the length (big-endian)."""
    first = data[at] if at < len(data) else 0
    if short < first < short + below:
        yield at + 1, at + 1 + first - short
    elif first in long:
        start = at + 1 + long[first]
        yield start, start + int.from_bytes(data[at + 1 : start], "big")


def _of_message(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """A text, or the message around one by which maps hold values of any kind (`google.protobuf.Value`, Firestore)."""
    start, end = _varint(data, at)
    for tag in (b"\x1a", b"\x8a\x01"):
        if data[start:end].startswith(tag):
            inner = _varint(data, start + len(tag))
            if inner[1] == end:
                yield inner
                return
    yield start, end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """From where to where what has its length here goes."""
    length = 0
    for index, octet in enumerate(data[at : at + 4]):
        length |= (octet & 0x7F) << 7 * index
        if octet < 0x80:
            return at + index + 1, at + index + 1 + length
    return 0, 0
