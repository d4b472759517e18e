"""Netlink's octets: what is asked is what linux/nfnetlink_log.h says, what is answered is read wherever it is cut."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import refused_packets_netlink as netlink


def packet_message(payload: bytes) -> bytes:
    told = netlink.attribute(1, b"\x08\0\1\0") + netlink.attribute(netlink.PAYLOAD, payload)
    return netlink.message(netlink.LOG_PACKET, 0, told)


def counter_message(table: str, name: str, packets: int) -> bytes:
    counts = netlink.attribute(1, struct.pack("!Q", 9)) + netlink.attribute(2, struct.pack("!Q", packets))
    told = [(1, table.encode() + b"\0"), (2, name.encode() + b"\0"), (3, b"\0\0\0\1"), (4 | 0x8000, counts)]
    return netlink.message(netlink.NEW_OBJECT, 0, b"".join(netlink.attribute(*one) for one in told), family=1)


def test_binding_asks_for_the_group_and_for_the_first_octets() -> None:
    bind, mode = netlink.bind_requests(77, 128)
    assert bind.hex() == "1c0000000104050001000000000000000000004d0500010001000000"
    assert mode.endswith(bytes.fromhex("0a0002000000008002000000"))


def test_packets_of_one_read() -> None:
    data = packet_message(b"first") + packet_message(b"second!!") + netlink.message(netlink.LOG_CONFIG, 0, b"")
    assert netlink.packets_in(data) == [b"first", b"second!!"]


def test_a_counter() -> None:
    [(kind, body)] = netlink.messages(counter_message("soundstage", "refused_udp", 2**40))
    assert kind == netlink.NEW_OBJECT
    assert netlink.counter_in(body, "soundstage") == ("refused_udp", 2**40)
    assert netlink.counter_in(body, "another") is None


def test_an_object_that_is_no_counter() -> None:
    body = netlink.message(netlink.NEW_OBJECT, 0, netlink.attribute(1, b"soundstage\0"))[16:]
    assert netlink.counter_in(body, "soundstage") is None


@pytest.mark.parametrize(
    ("body", "number"),
    [
        pytest.param(struct.pack("=i", 0), 0, id="acknowledged"),
        pytest.param(struct.pack("=i", -1) + bytes(16), 1, id="not-permitted"),
        pytest.param(b"\0", 0, id="cut"),
    ],
)
def test_an_error(body: bytes, number: int) -> None:
    assert netlink.error_of(body) == number


@given(st.integers(0, 200), st.binary(max_size=40))
def test_what_is_cut_off_is_left_out(length: int, payload: bytes) -> None:
    data = packet_message(payload) + packet_message(b"second")
    assert netlink.packets_in(data[:length]) in ([], [payload], [payload, b"second"])


@given(st.binary(max_size=300))
def test_hostile_octets_are_no_error(data: bytes) -> None:
    for _, body in netlink.messages(data):
        netlink.counter_in(body, "soundstage")
    netlink.packets_in(data)
