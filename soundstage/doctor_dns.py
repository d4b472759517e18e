"""DNS as the doctor speaks it (RFC 1035): one question for a name's address, and what an answer to it says."""

import ipaddress
import struct

ID = b"\x50\x0d"
TYPE_A, CLASS_IN = 1, 1


def question(name: str) -> bytes:
    """For the IPv4 address of a name."""
    labels = b"".join(bytes([len(one)]) + one for one in name.encode("ascii").split(b"."))
    head = ID + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0)
    return head + labels + b"\0" + struct.pack("!HH", TYPE_A, CLASS_IN)


def answered_with(octets: bytes, asked: bytes) -> str | None:
    """The first address of an answer to that question, or None where it has none, or is no answer to it."""
    if octets[:2] != asked[:2] or len(octets) < len(asked) or not octets[2] & 0x80:
        return None
    at, answers = len(asked), struct.unpack_from("!H", octets, 6)[0]
    for _ in range(answers):
        at = _after_name(octets, at)
        if at + 10 > len(octets):
            return None
        kind, _, _, length = struct.unpack_from("!HHIH", octets, at)
        if kind == TYPE_A and length == 4 and at + 14 <= len(octets):
            return str(ipaddress.IPv4Address(octets[at + 10 : at + 14]))
        at += 10 + length
    return None


def invented(address: str | None) -> bool:
    """Whether a name that nobody has can only have got this address here: it is none of the public ones."""
    return address is not None and not ipaddress.ip_address(address).is_global


def rcode(octets: bytes) -> int:
    """0 no error, 2 failed, 3 no such name, 5 refused."""
    return octets[3] & 15 if len(octets) > 3 else 0


def _after_name(octets: bytes, at: int) -> int:
    while at < len(octets):
        length = octets[at]
        if length >= 0xC0:
            return at + 2
        if length == 0:
            return at + 1
        at += 1 + length
    return at
