"""SOCKS on the wire: version 5 (RFC 1928, RFC 1929), 4 and 4a. Octets in, values out; nothing is decided here."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

NO_AUTHENTICATION, USER_AND_PASSWORD, NOTHING_ACCEPTABLE = 0x00, 0x02, 0xFF
GRANTED, FAILED, COMMAND_UNSUPPORTED, ADDRESS_UNSUPPORTED = 0x00, 0x01, 0x07, 0x08
"""Replies of version 5."""
LONGEST = 1_024
"""Octets of one message: the longest that is none too long has 515."""
LONGEST_WORD = 255
"""Octets of a user or a name of version 4, which says nothing of it; version 5 can say no longer ones."""
_COMMANDS: dict[int, "Command"] = {1: "connect", 2: "bind", 3: "associate"}
_NAME = re.compile(r"(?=.{1,254}\Z)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?", re.ASCII)

Command = Literal["connect", "bind", "associate", "other"]
Version = Literal[4, 5]


class NotSocks(Exception):
    """The octets are no SOCKS, or ask for what there is not. The message is a phrase for the capture."""

    def __init__(self, what: str, code: int = FAILED) -> None:
        super().__init__(what)
        self.code = code
        """What version 5 replies."""


@dataclass(frozen=True, slots=True)
class Methods:
    """How a client of version 5 offers to say who it is."""

    offered: frozenset[int]
    size: int
    """Octets on the wire, here and below."""

    @property
    def chosen(self) -> int:
        """Credentials before none: whoever can say whose it is shall say it."""
        for method in (USER_AND_PASSWORD, NO_AUTHENTICATION):
            if method in self.offered:
                return method
        return NOTHING_ACCEPTABLE


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a client says it is."""

    user: str
    password: str
    size: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants, and where to."""

    version: Version
    command: Command
    host: str
    """A name as sent, or an address as usually spelt."""
    port: int
    size: int
    user: str = ""
    """Of version 4."""

    @property
    def by_name(self) -> bool:
        """Whether the client left the name to us."""
        return not _is_address(self.host)


def read_opening(seen: bytes) -> Methods | Request | None:
    """The first message of a connection: offers of version 5, the request of version 4; None while it is not whole."""
    if seen[0] == 4:
        return _read_request4(seen)
    if seen[0] != 5:
        raise NotSocks("bytes that are no SOCKS")
    if len(seen) < 2 or len(seen) < 2 + seen[1]:
        return None
    return Methods(frozenset(seen[2 : 2 + seen[1]]), 2 + seen[1])


def read_credentials(seen: bytes) -> Credentials | None:
    """User and password (RFC 1929). Both may be empty: Java sends such ones where nobody gave it any."""
    if seen[0] != 1:
        raise NotSocks("SOCKS credentials of an unknown version")
    user = _counted(seen, 1)
    password = None if user is None else _counted(seen, 2 + len(user))
    if user is None or password is None:
        return None
    return Credentials(_text(user), _text(password), 3 + len(user) + len(password))


def read_request(seen: bytes) -> Request | None:
    """The request of version 5 (RFC 1928, 4)."""
    if seen[0] != 5:
        raise NotSocks("a SOCKS5 request of another version")
    if len(seen) < 5:
        return None
    match seen[3]:
        case 1:
            start, end = 4, 8
        case 3:
            start, end = 5, 5 + seen[4]
        case 4:
            start, end = 4, 20
        case kind:
            raise NotSocks(f"a SOCKS5 request with an address of the unknown type {kind}", ADDRESS_UNSUPPORTED)
    if len(seen) < end + 2:
        return None
    place = seen[start:end]
    host = _name(place) if seen[3] == 3 else str(ipaddress.ip_address(place))
    return _request(5, seen[1], host, int.from_bytes(seen[end : end + 2]), end + 2)


def reply(version: Version, code: int) -> bytes:
    """The answer to a request. The address in it is nobody's: what is connected is none of the client's business."""
    if version == 4:
        return bytes((0, 0x5A if code == GRANTED else 0x5B)) + bytes(6)
    return bytes((5, code, 0, 1)) + bytes(6)


def _read_request4(seen: bytes) -> Request | None:
    """Version 4, and 4a: an address of 0.0.0.x stands for the name that follows the user."""
    if len(seen) < 9:
        return None
    user = _terminated(seen, 8)
    if user is None:
        return None
    size, host = 9 + len(user), str(ipaddress.IPv4Address(seen[4:8]))
    if seen[4:7] == bytes(3) and seen[7]:
        name = _terminated(seen, size)
        if name is None:
            return None
        size, host = size + len(name) + 1, _name(name)
    return _request(4, seen[1], host, int.from_bytes(seen[2:4]), size, _text(user))


def _request(version: Version, command: int, host: str, port: int, size: int, user: str = "") -> Request:
    found = _COMMANDS.get(command, "other")
    if version == 4 and found == "associate":
        found = "other"
    if not port and found == "connect":
        raise NotSocks("a SOCKS request for port 0")
    return Request(version, found, host, port, size, user)


def _counted(seen: bytes, at: int) -> bytes | None:
    """Octets with their number before them."""
    if len(seen) <= at or len(seen) < at + 1 + seen[at]:
        return None
    return seen[at + 1 : at + 1 + seen[at]]


def _terminated(seen: bytes, at: int) -> bytes | None:
    """Octets with a NUL behind them."""
    end = seen.find(0, at, at + LONGEST_WORD + 1)
    if end >= 0:
        return seen[at:end]
    if len(seen) > at + LONGEST_WORD:
        raise NotSocks("a SOCKS4 request with a word that does not end")
    return None


def _name(octets: bytes) -> str:
    """A name, or an address that was sent as one, also in brackets."""
    text = _text(octets)
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if _is_address(bare):
        return str(ipaddress.ip_address(bare))
    if not _NAME.fullmatch(text):
        raise NotSocks("a SOCKS request for a host that is neither a name nor an address")
    return text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
