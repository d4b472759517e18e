"""Values beside the names of secrets in binary messages are removed, whatever their length; all else stays."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from masking_stage import MASKER, SECRET, masked

from ledger.binary_fields import without_binary_fields

LENGTHS = [3, 13, 23, 24, 31, 32, 108, 200, 300]


def proto(number: int, content: bytes) -> bytes:
    size = bytes([len(content)]) if len(content) < 128 else bytes([len(content) & 127 | 128, len(content) >> 7])
    tag = bytes([number << 3 | 2]) if number < 16 else bytes([number << 3 & 127 | 130, number >> 4])
    return tag + size + content


def packed(text: bytes) -> bytes:
    """Of MessagePack."""
    if len(text) < 32:
        return bytes([0xA0 | len(text)]) + text
    return (b"\xd9" + bytes([len(text)]) if len(text) < 256 else b"\xda" + struct.pack(">H", len(text))) + text


def cbor(text: bytes, kind: int = 0x60) -> bytes:
    if len(text) < 24:
        return bytes([kind | len(text)]) + text
    head = bytes([kind | 24, len(text)]) if len(text) < 256 else bytes([kind | 25]) + struct.pack(">H", len(text))
    return head + text


def bson(*pairs: tuple[bytes, bytes]) -> bytes:
    body = b"".join(b"\x02" + n + b"\0" + struct.pack("<i", len(v) + 1) + v + b"\0" for n, v in pairs) + b"\0"
    return struct.pack("<i", len(body) + 4) + body


WAYS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "messagepack": lambda n, v: b"\x82" + packed(b"user") + packed(b"ann") + packed(n) + packed(v),
    "messagepack-octets": lambda n, v: b"\x81" + packed(n) + b"\xc5" + struct.pack(">H", len(v)) + v,
    "cbor": lambda n, v: b"\xa2" + cbor(b"user") + cbor(b"ann") + cbor(n) + cbor(v),
    "cbor-octets": lambda n, v: b"\xa1" + cbor(n) + cbor(v, 0x40),
    "bson": lambda n, v: bson((b"user", b"ann"), (n, v)),
    "protobuf-map": lambda n, v: proto(1, proto(1, n) + proto(2, v)),
    "protobuf-struct": lambda n, v: proto(1, proto(1, n) + proto(2, proto(3, v))),
    "firestore": lambda n, v: proto(1, proto(1, n) + proto(2, proto(17, v))),
}


@pytest.mark.parametrize("name", [b"password", b"api_key", b"smtp_password", b"userClientSecret", b"accessToken"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("length", LENGTHS)
def test_a_value_beside_a_secret_name_is_removed(
    way: Callable[[bytes, bytes], bytes], name: bytes, length: int
) -> None:
    value = (SECRET.encode() * 30)[:length]
    kept = masked(way(name, value), "application/octet-stream")
    assert value not in kept
    assert b"[removed:" in kept
    assert name in kept


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", [b"passenger", b"next_token", b"tokenizer", b"note"])
def test_an_ordinary_name_keeps_its_value(way: Callable[[bytes, bytes], bytes], name: bytes) -> None:
    sent = way(name, b"order 4711, as agreed")
    assert masked(sent, "application/octet-stream") == sent


def test_a_text_that_only_speaks_of_one_stays() -> None:
    sent = proto(1, b"Please choose a new password\nby Monday") + proto(2, b"reset your token") + b"\x18\x05"
    assert masked(sent, "application/x-protobuf") == sent


def test_text_with_a_secret_in_it_is_looked_into_as_ever() -> None:
    kept = masked(b"\x08\x01" + proto(2, b"https://x.example/?api_key=" + SECRET.encode()), "application/x-protobuf")
    assert SECRET.encode() not in kept


@given(st.lists(st.sampled_from([b"password", b"\x0a", b"\x08", b"\xa8", b"\x12", b"\xff", b"\0", b"h", b"x"])))
def test_whatever_the_octets_nothing_is_raised(pieces: list[bytes]) -> None:
    without_binary_fields(b"".join(pieces), MASKER.mark)
