"""Netlink, as far as refused packets need it: messages to and from the kernel's packet log and its rules' counters.

Numbers are those of linux/netlink.h, linux/netfilter/nfnetlink_log.h and nf_tables.h. Pure: octets in, values out.
"""

import struct
from collections.abc import Iterator

LOG, TABLES = 4, 10
"""Subsystems of nfnetlink."""
REQUEST, ACKNOWLEDGE, DUMP = 0x01, 0x04, 0x300
ERROR, DONE = 2, 3
UNSPECIFIED, INET = 0, 1
LOG_PACKET, LOG_CONFIG = LOG << 8, (LOG << 8) | 1
NEW_OBJECT, GET_OBJECT = (TABLES << 8) | 18, (TABLES << 8) | 19
COMMAND, MODE = 1, 2
BIND = 1
COPY_PACKET = 2
PAYLOAD = 9
OBJECT_TABLE, OBJECT_NAME, OBJECT_DATA = 1, 2, 4
COUNTED_PACKETS = 2
HEAD = struct.Struct("=IHHII")
ATTRIBUTE = struct.Struct("=HH")
ATTRIBUTE_TYPE = 0x3FFF
"""Without the bits that say nested, or big-endian."""


def message(kind: int, flags: int, attributes: bytes, *, family: int = UNSPECIFIED, resource: int = 0) -> bytes:
    """One request."""
    body = struct.pack("!BBH", family, 0, resource) + attributes
    return HEAD.pack(HEAD.size + len(body), kind, flags, 1, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded to four octets."""
    padding = b"\0" * (-len(value) % 4)
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value + padding


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, body after the netlink head) of each message; what is cut off is left out."""
    at = 0
    while len(data) - at >= HEAD.size:
        length, kind, *_ = HEAD.unpack_from(data, at)
        if not HEAD.size <= length <= len(data) - at:
            return
        yield kind, data[at + HEAD.size : at + length]
        at += -(-length // 4) * 4


def attributes(data: bytes) -> dict[int, bytes]:
    """By type; what is cut off is left out."""
    found, at = {}, 0
    while len(data) - at >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if not ATTRIBUTE.size <= length <= len(data) - at:
            break
        found[kind & ATTRIBUTE_TYPE] = data[at + ATTRIBUTE.size : at + length]
        at += -(-length // 4) * 4
    return found


def error_of(body: bytes) -> int:
    """The errno of an ERROR message; 0: an acknowledgement."""
    return -int(struct.unpack_from("=i", body)[0]) if len(body) >= 4 else 0


def bind_requests(group: int, octets: int) -> list[bytes]:
    """What makes the kernel tell this socket of the packets of a log group, each with its first octets."""
    bind = attribute(COMMAND, bytes([BIND]))
    mode = attribute(MODE, struct.pack("!IBB", octets, COPY_PACKET, 0))
    flags = REQUEST | ACKNOWLEDGE
    return [message(LOG_CONFIG, flags, one, resource=group) for one in (bind, mode)]


def packets_in(data: bytes) -> list[bytes]:
    """The first octets of each packet that was logged."""
    bodies = [body for kind, body in messages(data) if kind == LOG_PACKET]
    told = [attributes(body[4:]).get(PAYLOAD) for body in bodies]
    return [one for one in told if one is not None]


def counters_request(table: str) -> bytes:
    """Ask for every counter of a table of the family inet."""
    return message(GET_OBJECT, REQUEST | DUMP, attribute(OBJECT_TABLE, table.encode() + b"\0"), family=INET)


def counter_in(body: bytes, table: str) -> tuple[str, int] | None:
    """(name, packets) of a NEW_OBJECT message; None: of another table, or no counter."""
    told = attributes(body[4:])
    packets = attributes(told.get(OBJECT_DATA, b"")).get(COUNTED_PACKETS)
    if told.get(OBJECT_TABLE, b"").rstrip(b"\0").decode(errors="replace") != table or packets is None:
        return None
    return told.get(OBJECT_NAME, b"").rstrip(b"\0").decode(errors="replace"), int.from_bytes(packets)
