"""What root in staging puts on the link by hand: packets of every protocol, cut, marked, tunnelled, in other names."""

import dataclasses
import ipaddress
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from battery_attempt import Attempt, Case, Road, attempt

WORLD, WORLD_V6 = "203.0.113.99", "2001:db8:99::1"
GATEWAYS, GATEWAYS_V6 = "10.77.0.1", "fd77:1::1"
OUTER, OUTER_V6 = "198.51.100.2", "2001:db8:1::2"
UDP, TCP, ICMP, ICMP6 = 17, 6, 1, 58
FIN, SYN, RST, PUSH, ACK, URGENT = 1, 2, 4, 8, 16, 32
V4, V6 = 0x0800, 0x86DD


@dataclass(frozen=True)
class Ends:
    """The two ends of staging's link, and whose name a packet is in."""

    here: bytes
    there: bytes
    source: str


def frame(ends: Ends, packet: bytes, *, kind: int | None = None, to: bytes | None = None, tags: bytes = b"") -> bytes:
    """An Ethernet frame. `tags` stand before the type."""
    kind = (V6 if packet[0] >> 4 == 6 else V4) if kind is None else kind
    return (to or ends.there) + ends.here + tags + kind.to_bytes(2) + packet


def ip4(
    source: str, target: str, protocol: int, carried: bytes, *, options: bytes = b"", part: int = 0, ttl: int = 64
) -> bytes:
    """RFC 791. `part`: the flags and offset of a fragment."""
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(carried), 77, part, ttl, protocol, 0)
    head += ipaddress.IPv4Address(source).packed + ipaddress.IPv4Address(target).packed + options
    return head[:10] + summed(head).to_bytes(2) + head[12:] + carried


def ip6(source: str, target: str, protocol: int, carried: bytes, *, hops: int = 255) -> bytes:
    """RFC 8200."""
    ends = ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(target).packed
    return struct.pack("!IHBB", 6 << 28, len(carried), protocol, hops) + ends + carried


def ip(source: str, target: str, protocol: int, carried: bytes) -> bytes:
    return (ip6 if ":" in source else ip4)(source, target, protocol, carried)


def summed(octets: bytes) -> int:
    """The Internet's checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{(len(octets) + 1) // 2}H", octets + bytes(len(octets) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def checked(source: str, target: str, protocol: int, message: bytes, at: int) -> bytes:
    """With the checksum that covers both addresses, at its offset."""
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    total = summed(ends + struct.pack("!II", len(message), protocol) + message)
    return message[:at] + total.to_bytes(2) + message[at + 2 :]


def udp(source: str, target: str, port: int = 9999, data: bytes = b"a secret") -> bytes:
    return checked(source, target, UDP, struct.pack("!HHHH", 4000, port, 8 + len(data), 0) + data, 6)


def tcp(source: str, target: str, flags: int, port: int = 443, data: bytes = b"") -> bytes:
    head = struct.pack("!HHIIBBHHH", 4000, port, 7, 0, 0x50, flags, 1024, 0, 0)
    return checked(source, target, TCP, head + data, 16)


def icmp(kind: int, rest: bytes = bytes(4), code: int = 0) -> bytes:
    message = bytes((kind, code, 0, 0)) + rest
    return message[:2] + summed(message).to_bytes(2) + message[4:]


def icmp6(source: str, target: str, kind: int, rest: bytes = bytes(4)) -> bytes:
    return checked(source, target, ICMP6, bytes((kind, 0, 0, 0)) + rest, 2)


Frames = list[bytes]
PROTOCOLS = {"ipip": 4, "ipv6-in-ip": 41, "gre": 47, "esp": 50, "ah": 51, "sctp": 132, "udplite": 136, "ip-253": 253}
FLAGS = {
    "syn-and-fin": SYN | FIN,
    "no-flag": 0,
    "every-flag": FIN | SYN | RST | PUSH | ACK | URGENT,
    "ack-alone": ACK,
    "ack-with-data": ACK | PUSH,
    "reset-alone": RST,
    "syn-ack-alone": SYN | ACK,
    "fin-alone": FIN,
}
OPTIONS = {
    "loose-source-route": bytes((131, 7, 4)) + ipaddress.IPv4Address(WORLD).packed + b"\0",
    "strict-source-route": bytes((137, 7, 4)) + ipaddress.IPv4Address(WORLD).packed + b"\0",
    "record-route": bytes((7, 7, 4, 0, 0, 0, 0, 0)),
    "router-alert": bytes((148, 4, 0, 0)),
    "an-option-that-is-none": bytes((200, 9, 0, 0)),
}


def of_protocols(end: Ends) -> Iterator[tuple[str, Frames, str]]:
    """(name, frames, the protocol on record), in the name of `end.source`."""
    here, six = end.source, ":" in end.source
    world, home = (WORLD_V6, GATEWAYS_V6) if six else (WORLD, GATEWAYS)
    inner = ip(here, world, UDP, udp(here, world))
    for name, number in PROTOCOLS.items():
        yield name, [frame(end, ip(here, world, number, inner))], name
        yield f"{name}-to-the-gateway", [frame(end, ip(here, home, number, inner))], name
    for name, port in (("dhcp", 67), ("ntp", 123), ("quic", 443), ("wireguard", 51820), ("odd-udp", 9999)):
        yield name, [frame(end, ip(here, world, UDP, udp(here, world, port)))], "udp"
        yield f"{name}-to-the-gateway", [frame(end, ip(here, home, UDP, udp(here, home, port)))], "udp"
    for name, flags in FLAGS.items():
        yield name, [frame(end, ip(here, world, TCP, tcp(here, world, flags, data=b"a secret")))], "tcp"
    ping = (128 if six else 8, "icmp6" if six else "icmp")
    said = icmp6(here, world, ping[0]) if six else icmp(ping[0], b"\0\0\0\0a secret")
    yield "ping", [frame(end, ip(here, world, ICMP6 if six else ICMP, said))], ping[1]
    yield "by-broadcast", [frame(end, ip(here, world, UDP, udp(here, world)), to=b"\xff" * 6)], "udp"
    yield "priority-tagged", [frame(end, ip(here, world, UDP, udp(here, world)), tags=b"\x81\0\xe0\0")], "udp"


def of_ip4(end: Ends) -> Iterator[tuple[str, Frames, str]]:
    """What IPv4 alone has."""
    here = end.source
    whole = udp(here, WORLD, data=b"a secret" * 8)
    for name, options in OPTIONS.items():
        yield name, [frame(end, ip4(here, OUTER, UDP, udp(here, OUTER), options=options))], "udp"
        yield f"{name}-to-the-world", [frame(end, ip4(here, WORLD, UDP, udp(here, WORLD), options=options))], "udp"
    yield "in-two-pieces", [
        frame(end, ip4(here, WORLD, UDP, whole[:16], part=0x2000)),
        frame(end, ip4(here, WORLD, UDP, whole[16:], part=2)),
    ], "udp"  # fmt: skip
    yield "its-last-hop", [frame(end, ip4(here, WORLD, UDP, udp(here, WORLD), ttl=1))], "udp"
    yield "no-hop-at-all", [frame(end, ip4(here, WORLD, UDP, udp(here, WORLD), ttl=0))], "udp"
    yield "a-redirect", [frame(end, ip4(here, GATEWAYS, ICMP, icmp(5, bytes(36), 1)))], "icmp"
    yield "an-unreachable", [frame(end, ip4(here, WORLD, ICMP, icmp(3, bytes(36), 1)))], "icmp"
    yield "a-timestamp", [frame(end, ip4(here, GATEWAYS, ICMP, icmp(13, bytes(16))))], "icmp"
    yield "to-everybody", [frame(end, ip4(here, "255.255.255.255", UDP, udp(here, "255.255.255.255")))], "udp"
    yield "to-a-group", [frame(end, ip4(here, "239.1.2.3", UDP, udp(here, "239.1.2.3", 5353)))], "udp"
    yield "to-a-reserved-address", [frame(end, ip4(here, "240.0.0.1", UDP, udp(here, "240.0.0.1")))], "udp"


def of_ip6(end: Ends) -> Iterator[tuple[str, Frames, str]]:
    """What IPv6 alone has: headers before the protocol's own (RFC 8200, 4)."""
    here, said = end.source, udp(end.source, WORLD_V6)
    further = ipaddress.IPv6Address(WORLD_V6).packed
    padding = bytes((UDP, 0, 1, 4, 0, 0, 0, 0))
    for name, number, extra in (
        ("hop-by-hop", 0, padding),
        ("destination-options", 60, padding),
        ("a-fragment-that-is-whole", 44, bytes((UDP, 0, 0, 0, 0, 0, 0, 7))),
        ("a-routing-header", 43, bytes((UDP, 2, 0, 0, 0, 0, 0, 0)) + further),
        ("many-headers", 60, bytes((60, 0, 1, 4, 0, 0, 0, 0)) * 5 + padding),
    ):
        yield name, [frame(end, ip6(here, WORLD_V6, number, extra + said))], "udp"
    yield "its-last-hop", [frame(end, ip6(here, WORLD_V6, UDP, said, hops=1))], "udp"
    yield "to-a-group", [frame(end, ip6(here, "ff0e::fb", UDP, udp(here, "ff0e::fb", 5353)))], "udp"
    yield "a-router-s-advertisement", [
        frame(end, ip6(here, "ff02::1", ICMP6, icmp6(here, "ff02::1", 134, b"\x40\0\x07\x08" + bytes(8))))
    ], "icmp6"  # fmt: skip
    yield "a-redirect", [
        frame(end, ip6(here, GATEWAYS_V6, ICMP6, icmp6(here, GATEWAYS_V6, 137, bytes(4) + further * 2)))
    ], "icmp6"  # fmt: skip


def by_hand(here: bytes, there: bytes) -> list[Attempt]:
    """All of these, each in the name of an address of its own behind staging."""
    found = []
    for rows, six in ((of_protocols, False), (of_protocols, True), (of_ip4, False), (of_ip6, True)):
        road = Road("link-ipv6" if six else "link", six)
        for number, (name, _, protocol) in enumerate(rows(Ends(here, there, "fd77:2::" if six else "10.78.0.0"))):
            wanted = {"protocol": protocol, "verdict": "deny"}
            made = attempt(Case(f"{name}-by-hand", "eth0", 0, kind="frames", wanted=wanted), road)
            _, frames, _ = next(itertools.islice(rows(Ends(here, there, made.source)), number, None))
            found.append(dataclasses.replace(made, case=dataclasses.replace(made.case, say=tuple(frames))))
    return found


def pieces(here: bytes, there: bytes, stranger: str, stranger_v6: str) -> list[Attempt]:
    """First fragments in the name of somebody out in the world, which nothing follows: to whom is it told?"""
    found = []
    for target in (GATEWAYS, OUTER, WORLD):
        said = udp(stranger, target, data=b"a secret" * 9)
        found.append(frame(Ends(here, there, stranger), ip4(stranger, target, UDP, said, part=0x2000)))
    for target in (GATEWAYS_V6, OUTER_V6, WORLD_V6):
        said = bytes((UDP, 0, 0, 1, 0, 0, 0, 9)) + udp(stranger_v6, target, data=b"a secret" * 9)
        found.append(frame(Ends(here, there, stranger_v6), ip6(stranger_v6, target, 44, said)))
    return [Attempt(Case("pieces-in-another-s-name", "eth0", 0, tuple(found), kind="frames"), Road("link"), stranger)]


def no_ip(here: bytes, there: bytes) -> list[Attempt]:
    """Frames that the kernel's IP never sees: an ARP answer of its next hop's, tagged, labelled."""
    packet = ip4("10.77.0.2", WORLD, UDP, udp("10.77.0.2", WORLD))
    next_hop, mine = ipaddress.IPv4Address("198.51.100.1").packed, ipaddress.IPv4Address(GATEWAYS).packed
    answer = b"\0\x01\x08\0\x06\x04\0\x02" + here + next_hop + there + mine
    ends = Ends(here, there, "")
    frames = (
        frame(ends, answer, kind=0x0806),
        frame(ends, answer, kind=0x0806, to=b"\xff" * 6),
        frame(ends, packet, tags=b"\x81\0\0\x05"),
        frame(ends, packet, tags=b"\x88\xa8\0\x05\x81\0\0\x06"),
        frame(ends, b"\0\x01\x01\x40" + packet, kind=0x8847),
        frame(ends, b"\x11\0\0\x01" + len(packet).to_bytes(2) + b"\0\x21" + packet, kind=0x8864),
    )
    return [Attempt(Case("frames-that-are-no-ip", "eth0", 0, frames, kind="frames"), Road("link"), "")]
