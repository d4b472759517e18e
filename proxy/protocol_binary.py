"""Binary protocols: what the head of a first message holds where each of them fixes it. No more is read of it."""

import struct
from collections.abc import Callable

Begins = Callable[[bytes], bool]

POSTGRESQL_CODES = frozenset((0x0002_0000, 0x0003_0000, 0x0003_0002, 80877102, 80877103, 80877104))
"""Protocol versions of a startup packet, and the codes of CancelRequest, SSLRequest and GSSENCRequest."""
MONGODB_OPCODES = frozenset((1, 2001, 2002, 2004, 2005, 2006, 2007, 2010, 2012, 2013))
SMPP_BINDS = frozenset((1, 2, 9))
LDAP_REQUESTS = frozenset((0x60, 0x42, 0x63, 0x77))
"""Bind, unbind, search and extended (StartTLS) requests."""
KAFKA_LONGEST = 104_857_600
KAFKA_LAST_KEY, KAFKA_LAST_VERSION = 96, 24


def _postgresql(seen: bytes) -> bool:
    if len(seen) < 8:
        return False
    size, code = struct.unpack_from(">II", seen)
    return 8 <= size <= 10_000 and code in POSTGRESQL_CODES


def _mongodb(seen: bytes) -> bool:
    if len(seen) < 16:
        return False
    size, _, answers, opcode = struct.unpack_from("<iiii", seen)
    return 16 <= size <= 48_000_000 and answers in (0, -1) and opcode in MONGODB_OPCODES


def _mqtt(seen: bytes) -> bool:
    """MQTT 3.1.1 and 5, 3.1: a CONNECT packet, its length in one to four octets, the protocol's name."""
    if seen[:1] != b"\x10":
        return False
    at = next((at for at in range(1, 5) if len(seen) > at and seen[at] < 0x80), 0)
    return at > 0 and seen[at + 1 :].startswith((b"\x00\x04MQTT", b"\x00\x06MQIsdp"))


def _ldap(seen: bytes) -> bool:
    """BER: a sequence, in it a small integer (the message's id), then a request (RFC 4511, 4.1.1)."""
    if len(seen) < 7 or seen[0] != 0x30:
        return False
    at = 2 + (seen[1] & 0x7F if seen[1] & 0x80 else 0)
    if len(seen) < at + 3 or seen[at] != 2 or not 1 <= seen[at + 1] <= 4:
        return False
    operation = at + 2 + seen[at + 1]
    return len(seen) > operation and seen[operation] in LDAP_REQUESTS


def _kafka(seen: bytes) -> bool:
    """A request's head: its key and version, and the client's name, which many leave out and few leave empty."""
    if len(seen) < 14:
        return False
    size, key, version, _, named = struct.unpack_from(">ihhih", seen)
    if not (10 <= size <= KAFKA_LONGEST and 0 <= key <= KAFKA_LAST_KEY and 0 <= version <= KAFKA_LAST_VERSION):
        return False
    client = seen[14 : 14 + max(named, 0)]
    plain = all(0x20 <= octet < 0x7F for octet in client)
    return named == -1 or (0 < named <= min(size - 10, 255) and len(client) > 0 and plain)


def _cassandra(seen: bytes) -> bool:
    if len(seen) < 9 or seen[0] not in (1, 2, 3, 4, 5, 0x42):
        return False
    head = ">BBbBI" if seen[0] in (1, 2) else ">BBhBI"
    if len(seen) < struct.calcsize(head):
        return False
    opcode, size = struct.unpack_from(head, seen)[3:]
    return opcode in (1, 5) and size <= 4096


def _tds(seen: bytes) -> bool:
    """A prelogin (or login) packet that is the last of its message."""
    if len(seen) < 8 or seen[0] not in (0x12, 0x10) or seen[1] != 1:
        return False
    return 8 < struct.unpack_from(">H", seen, 2)[0] <= 32_767 and seen[4:6] == b"\0\0" and seen[7] == 0


def _oracle(seen: bytes) -> bool:
    if len(seen) < 8:
        return False
    return 26 <= struct.unpack_from(">H", seen)[0] <= 8192 and seen[2:4] == b"\0\0" and seen[4:8] == b"\x01\0\0\0"


def _rdp(seen: bytes) -> bool:
    """TPKT (RFC 1006) around an X.224 connection request."""
    return len(seen) >= 6 and seen[:2] == b"\x03\0" and seen[5] == 0xE0


def _smb(seen: bytes) -> bool:
    return seen[:1] == b"\0" and seen[4:8] in (b"\xffSMB", b"\xfeSMB")


def _stun(seen: bytes) -> bool:
    """RFC 8489, 5: two zero bits, a length in fours, the magic cookie."""
    return len(seen) >= 8 and seen[0] < 0x40 and seen[3] % 4 == 0 and seen[4:8] == b"\x21\x12\xa4\x42"


def _dns(seen: bytes) -> bool:
    """RFC 7766, 8: a length, then a query with one question and no answer."""
    if len(seen) < 14:
        return False
    size, _, flags, questions, answers, authorities, more = struct.unpack_from(">HHHHHHH", seen)
    return size >= 17 and flags & 0xF80F == 0 and (questions, answers, authorities) == (1, 0, 0) and more <= 2


def _memcached(seen: bytes) -> bool:
    if len(seen) < 24 or seen[0] != 0x80 or seen[1] > 0x3D or seen[5] != 0:
        return False
    key, extras, body = struct.unpack_from(">H", seen, 2)[0], seen[4], struct.unpack_from(">I", seen, 8)[0]
    return key + extras <= body <= 1 << 30 and extras <= 24


def _smpp(seen: bytes) -> bool:
    """SMPP 3.4, 4.1: a bind, which asks for a session that sends or receives text messages."""
    if len(seen) < 16:
        return False
    size, command, status, _ = struct.unpack_from(">IIII", seen)
    return 16 <= size <= 1000 and command in SMPP_BINDS and status == 0


def _zookeeper(seen: bytes) -> bool:
    if len(seen) < 24:
        return False
    size, version, _, timeout = struct.unpack_from(">iiqi", seen)
    return size in (44, 45) and version == 0 and 0 < timeout < 3_600_000


def _kerberos(seen: bytes) -> bool:
    """RFC 4120, 7.2.2: a length, then an AS-REQ or a TGS-REQ."""
    return len(seen) >= 8 and seen[:2] == b"\0\0" and seen[4] in (0x6A, 0x6C) and bool(seen[5] & 0x80 or seen[5] > 30)


def _socks(seen: bytes) -> bool:
    """Version 5's list of methods, and nothing after it; version 4's CONNECT."""
    if seen[:2] == b"\x04\x01" and len(seen) >= 9:
        return True
    return len(seen) >= 3 and seen[0] == 5 and 0 < seen[1] <= 8 and len(seen) == 2 + seen[1]


def _starts(*texts: bytes) -> Begins:
    return lambda seen: seen.startswith(texts)


BINARY: tuple[tuple[str, Begins], ...] = (
    ("bittorrent", _starts(b"\x13BitTorrent protocol")),
    ("bolt", _starts(b"\x60\x60\xb0\x17")),
    ("proxy-protocol", _starts(b"\r\n\r\n\0\r\nQUIT\n")),
    ("hl7", _starts(b"\x0bMSH|")),
    ("telnet", _starts(b"\xff\xfb", b"\xff\xfc", b"\xff\xfd", b"\xff\xfe")),
    ("clickhouse", lambda seen: seen[:1] == b"\0" and seen[2:12] == b"ClickHouse"),
    ("postgresql", _postgresql),
    ("mongodb", _mongodb),
    ("mqtt", _mqtt),
    ("ldap", _ldap),
    ("smb", _smb),
    ("rdp", _rdp),
    ("tds", _tds),
    ("stun", _stun),
    ("zookeeper", _zookeeper),
    ("smpp", _smpp),
    ("cassandra", _cassandra),
    ("oracle", _oracle),
    ("memcached", _memcached),
    ("kerberos", _kerberos),
    ("kafka", _kafka),
    ("dns-tcp", _dns),
    ("socks", _socks),
)
"""In the order they are tried: those whose heads fix the most come first."""
