"""ClientHello: the name and the protocols a TLS client offers in its first bytes (RFC 8446, 4.1.2).

Pure and bounded. What OpenSSL would refuse may pass here: the handshake that follows is the judge of that.
"""

import re
import struct
from dataclasses import dataclass

LONGEST = 65_536
"""Octets of records looked at; the longest hello seen in use (post-quantum keys, many tickets) has some 6,000."""
HANDSHAKE_RECORD = 22
CLIENT_HELLO = 1
SERVER_NAME = 0
ALPN = 16
ENCRYPTED_CLIENT_HELLO = 0xFE0D
LONGEST_RECORD = 16_384
_VERSION_AND_RANDOM = 2 + 32
_NAME = re.compile(rb"[\x21-\x7e]{1,255}")
_EXTENSION = struct.Struct("!HH")
_BEYOND = "a field of the ClientHello reaches beyond its end"


class NotTls(ValueError):
    """The bytes are no TLS handshake that begins with a ClientHello."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What is told in the clear."""

    sni: str | None = None
    """As sent."""
    alpn: tuple[str, ...] = ()
    ech: bool = False
    """An encrypted hello is inside (or pretended, which browsers do): `sni` is the outer name (RFC 9849)."""


def read_client_hello(data: bytes) -> ClientHello | None:
    """The hello in the first bytes of a connection, or None while it is not whole. Raises NotTls."""
    message = _handshake(data)
    if message is None:
        return None
    return _hello(message)


def _handshake(data: bytes) -> bytes | None:
    """The first handshake message, put together from as many records as it was cut into."""
    message = bytearray()
    at = 0
    while at <= len(data):
        head = data[at : at + 5]
        if not _may_be_record(head):
            raise NotTls("the bytes are not TLS handshake records")
        if len(head) < 5:
            return None
        size = int.from_bytes(head[3:])
        if not 0 < size <= LONGEST_RECORD:
            raise NotTls(f"a TLS record of {size} octets is not allowed")
        message += data[at + 5 : at + 5 + size]
        whole = _whole(message)
        if whole is not None:
            return whole
        at += 5 + size
    return None


def _whole(message: bytearray) -> bytes | None:
    """The ClientHello's content, once all of it is there."""
    if message and message[0] != CLIENT_HELLO:
        raise NotTls(f"the first TLS handshake message is of type {message[0]}, not a ClientHello")
    length = int.from_bytes(message[1:4])
    if length > LONGEST:
        raise NotTls(f"a ClientHello of {length} octets is longer than the {LONGEST} that are read")
    return bytes(message[4 : 4 + length]) if len(message) >= max(4, 4 + length) else None


def _may_be_record(head: bytes) -> bool:
    return (not head or head[0] == HANDSHAKE_RECORD) and (len(head) < 2 or head[1] == 3)


class _Fields:
    """Reads length-prefixed fields; a field that reaches beyond its end is NotTls."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise NotTls(_BEYOND)
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> "_Fields":
        """A field whose length comes before it in `size` octets."""
        return _Fields(self.take(self.number(size)))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)


def _hello(message: bytes) -> ClientHello:
    at = _after(message, _VERSION_AND_RANDOM, 1)  # the session's id
    at = _after(message, at, 2)  # cipher suites
    at = _after(message, at, 1)  # compression methods
    listed = message[at + 2 : _after(message, at, 2)] if at < len(message) else b""
    extensions = _extensions(listed)
    return ClientHello(
        sni=_server_name(_Fields(extensions[SERVER_NAME])) if SERVER_NAME in extensions else None,
        alpn=_protocols(_Fields(extensions[ALPN])) if ALPN in extensions else (),
        ech=ENCRYPTED_CLIENT_HELLO in extensions,
    )


def _after(message: bytes, at: int, size: int) -> int:
    """Where a field ends whose length stands before it, at `at`, in `size` octets."""
    end = at + size + int.from_bytes(message[at : at + size])
    if at + size > len(message) or end > len(message):
        raise NotTls(_BEYOND)
    return end


def _extensions(listed: bytes) -> dict[int, bytes]:
    """Each extension's content by its kind: a dozen, on every new connection."""
    extensions: dict[int, bytes] = {}
    at = 0
    while at < len(listed):
        begins = at + _EXTENSION.size
        if begins > len(listed):
            raise NotTls(_BEYOND)
        kind, size = _EXTENSION.unpack_from(listed, at)
        at = begins + size
        if kind in extensions:
            raise NotTls(f"the ClientHello carries extension {kind} twice")
        if at > len(listed):
            raise NotTls(_BEYOND)
        extensions[kind] = listed[begins:at]
    return extensions


def _server_name(extension: _Fields) -> str | None:
    """RFC 6066, 3: a list that may hold one host name."""
    names = extension.vector(2)
    found: list[str] = []
    while names:
        kind = names.number(1)
        name = names.vector(2).rest()
        if kind == 0:
            found.append(_printable(name))
    if len(found) > 1:
        raise NotTls("the ClientHello carries two server names")
    return found[0] if found else None


def _printable(name: bytes) -> str:
    if not _NAME.fullmatch(name):
        raise NotTls(f"the ClientHello's server name {name[:80]!r} is not a host name")
    return name.decode("ascii")


def _protocols(extension: _Fields) -> tuple[str, ...]:
    """RFC 7301, 3.1. Octets beyond ASCII (GREASE) stay as latin-1."""
    listed = extension.vector(2)
    found: list[str] = []
    while listed:
        found.append(listed.vector(1).rest().decode("latin-1"))
    return tuple(found)
