"""What a refused packet says of itself, wherever it is cut."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.refused_packets_head import PacketHead, read_head

V4 = (socket.inet_aton("10.0.0.7"), socket.inet_aton("8.8.8.8"))
V6 = (socket.inet_pton(socket.AF_INET6, "fd00::7"), socket.inet_pton(socket.AF_INET6, "2001:db8::8"))
UDP = struct.pack("!HHHH", 40000, 443, 13, 0) + b"hello"
TCP = struct.pack("!HHIIBBHHH", 40000, 22, 1, 0, 0x50, 2, 0, 0, 0)


def v4(protocol: int, rest: bytes, *, options: bytes = b"", offset: int = 0) -> bytes:
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, 20 + len(rest), 1, offset, 64, protocol, 0)
    return head + V4[0] + V4[1] + options + rest


def v6(number: int, rest: bytes) -> bytes:
    return struct.pack("!IHBB", 0x60000000, len(rest), number, 64) + V6[0] + V6[1] + rest


def of_v4(protocol: str, port: int = 0, kind: int | None = None, opening: bytes = b"") -> PacketHead:
    return PacketHead("10.0.0.7", "8.8.8.8", protocol, port, kind, opening)


def of_v6(protocol: str, port: int = 0, kind: int | None = None, opening: bytes = b"") -> PacketHead:
    return PacketHead("fd00::7", "2001:db8::8", protocol, port, kind, opening)


@pytest.mark.parametrize(
    ("packet", "head"),
    [
        pytest.param(v4(17, UDP), of_v4("udp", 443, None, b"hello"), id="udp"),
        pytest.param(v4(17, UDP, options=b"\1\1\1\0"), of_v4("udp", 443, None, b"hello"), id="udp-behind-options"),
        pytest.param(v4(6, TCP), of_v4("tcp", 22), id="tcp"),
        pytest.param(v4(1, b"\x08\0\0\0\0\1\0\1ping"), of_v4("icmp", 0, 8, b"ping"), id="ping"),
        pytest.param(v4(17, UDP, offset=185), of_v4("udp"), id="later-fragment-has-no-ports"),
        pytest.param(v4(17, UDP, offset=0x2000), of_v4("udp", 443, None, b"hello"), id="first-fragment-has"),
        pytest.param(v4(47, b"\0\0\x08\0"), of_v4("gre", 0, None, b"\0\0\x08\0"), id="gre-tunnel"),
        pytest.param(v4(253, b"x"), of_v4("ip-253", 0, None, b"x"), id="a-protocol-without-a-name"),
        pytest.param(v4(17, UDP[:3]), of_v4("udp"), id="cut-before-the-port"),
        pytest.param(v6(17, UDP), of_v6("udp", 443, None, b"hello"), id="udp-over-ipv6"),
        pytest.param(v6(0, bytes([17, 0]) + bytes(6) + UDP), of_v6("udp", 443, None, b"hello"), id="behind-hop-by-hop"),
        pytest.param(
            v6(60, bytes([44, 1]) + bytes(14) + bytes([17, 0, 0, 1, 0, 0, 0, 9]) + UDP),
            of_v6("udp", 443, None, b"hello"),
            id="behind-options-and-a-first-fragment",
        ),
        pytest.param(v6(44, bytes([17, 0, 0, 9, 0, 0, 0, 9]) + UDP), of_v6("udp"), id="later-fragment-over-ipv6"),
        pytest.param(v6(58, b"\x80\0\0\0\0\1\0\1"), of_v6("icmp6", 0, 128), id="ping-over-ipv6"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"\x45" + bytes(18), None, id="cut-in-the-head"),
        pytest.param(b"\x60" + bytes(30), None, id="cut-in-the-ipv6-head"),
        pytest.param(b"\x75" + bytes(60), None, id="another-version"),
    ],
)
def test_a_packet(packet: bytes, head: PacketHead | None) -> None:
    assert read_head(packet) == head


@pytest.mark.parametrize(
    ("head", "what"),
    [
        pytest.param(of_v4("udp", 443), "a UDP packet to the port of QUIC", id="usual-port"),
        pytest.param(of_v4("udp", 40000), "a packet of UDP", id="any-port"),
        pytest.param(of_v4("tcp", 443), "a packet of TCP", id="quic-is-not-tcp"),
        pytest.param(of_v4("icmp", kind=8), "a ping (ICMP echo request)", id="ping"),
        pytest.param(of_v6("icmp6", kind=128), "a ping (ICMP echo request)", id="ping-over-ipv6"),
        pytest.param(of_v4("icmp", kind=13), "an ICMP message of type 13", id="another-message"),
        pytest.param(of_v4("gre"), "a packet of GRE", id="tunnel"),
    ],
)
def test_what_it_is_called(head: PacketHead, what: str) -> None:
    assert head.what == what


@given(st.binary(max_size=200), st.sampled_from([0x45, 0x4F, 0x60, 0x6F]))
def test_hostile_octets_are_no_error(octets: bytes, first: int) -> None:
    head = read_head(bytes([first]) + octets)
    assert head is None or 0 <= head.port < 65536


@given(st.sampled_from([v4(17, UDP), v6(0, bytes([17, 0]) + bytes(6) + UDP)]), st.integers(0, 100))
def test_a_cut_packet_names_no_other_destination(packet: bytes, length: int) -> None:
    whole, cut = read_head(packet), read_head(packet[:length])
    assert whole is not None
    assert cut is None or (cut.target == whole.target and cut.port in (0, whole.port))
