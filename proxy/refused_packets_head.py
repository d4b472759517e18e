"""What a refused packet says of itself: whence, where to, by which protocol. Pure; hostile octets are no error."""

import ipaddress
import struct
from dataclasses import dataclass

PROTOCOLS = {
    1: "icmp",
    2: "igmp",
    4: "ipip",
    6: "tcp",
    17: "udp",
    33: "dccp",
    41: "ipv6-in-ip",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "icmp6",
    132: "sctp",
    136: "udplite",
}
"""IANA's numbers of the protocols that people meet."""
WITH_PORTS = frozenset({"tcp", "udp", "dccp", "sctp", "udplite"})
OPTIONS = frozenset({0, 43, 60, 135})
"""IPv6 headers that stand before the protocol's own (RFC 8200): each tells its length in units of 8 octets."""
FRAGMENT = 44
MOST_OPTIONS = 8
HEAD_OCTETS = {"udp": 8, "udplite": 8, "icmp": 8, "icmp6": 8, "tcp": 20, "sctp": 12, "dccp": 12}
ECHO = {("icmp", 8), ("icmp6", 128)}
SPOKEN = {
    53: "DNS",
    123: "NTP",
    161: "SNMP",
    443: "QUIC",
    500: "IKE",
    514: "syslog",
    1194: "OpenVPN",
    3478: "STUN",
    4500: "IPsec",
    5060: "SIP",
    5353: "multicast DNS",
    8125: "StatsD",
    51820: "WireGuard",
}
"""What is usual on a UDP port: a help for who reads the capture, no more."""


@dataclass(frozen=True, slots=True)
class PacketHead:
    """One packet, as far as its first octets tell."""

    source: str
    target: str
    protocol: str
    """`udp`, `icmp`, ...; `ip-253` where nobody has given the number a name."""
    port: int = 0
    """0 where the protocol has none, or it lies beyond what was kept of the packet."""
    kind: int | None = None
    """The type of an ICMP message."""
    opening: bytes = b""
    """What the packet carries, as far as it was kept."""

    @property
    def what(self) -> str:
        """A phrase for the capture."""
        if (self.protocol, self.kind) in ECHO:
            return "a ping (ICMP echo request)"
        if self.kind is not None:
            return f"an ICMP message of type {self.kind}"
        if self.protocol == "udp" and self.port in SPOKEN:
            return f"a UDP packet to the port of {SPOKEN[self.port]}"
        return f"a packet of {self.protocol.upper()}"


def read_head(packet: bytes) -> PacketHead | None:
    """The head of an IPv4 (RFC 791) or IPv6 (RFC 8200) packet that may be cut anywhere; None: it is neither."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        later = struct.unpack_from("!H", packet, 6)[0] & 0x1FFF
        return _read(packet[12:16], packet[16:20], packet[9], b"" if later else packet[(packet[0] & 15) * 4 :])
    if version == 6 and len(packet) >= 40:
        number, rest = _past_options(packet[6], packet[40:])
        return _read(packet[8:24], packet[24:40], number, rest)
    return None


def _past_options(number: int, rest: bytes) -> tuple[int, bytes]:
    for _ in range(MOST_OPTIONS):
        if number in OPTIONS and len(rest) >= 2:
            number, rest = rest[0], rest[(rest[1] + 1) * 8 :]
        elif number == FRAGMENT and len(rest) >= 8:
            later = struct.unpack_from("!H", rest, 2)[0] & 0xFFF8
            number, rest = rest[0], b"" if later else rest[8:]
        else:
            break
    return number, rest


def _read(source: bytes, target: bytes, number: int, rest: bytes) -> PacketHead:
    protocol = PROTOCOLS.get(number, f"ip-{number}")
    port = struct.unpack_from("!H", rest, 2)[0] if protocol in WITH_PORTS and len(rest) >= 4 else 0
    kind = rest[0] if protocol in ("icmp", "icmp6") and rest else None
    opening = rest[HEAD_OCTETS.get(protocol, 0) :]
    return PacketHead(
        str(ipaddress.ip_address(source)), str(ipaddress.ip_address(target)), protocol, port, kind, opening
    )
