"""The opening of a connection that may speak anything: TLS, HTTP, a protocol known by its first bytes, or none."""

import re
import socket
from dataclasses import dataclass
from functools import partial

from proxy.client_hello import HANDSHAKE_RECORD, ClientHello, NotTls, read_client_hello
from proxy.listener_opening import HTTP2_PREFACE, LOOKED_AT, Patience
from proxy.peek import PeekEnded, peek_until
from proxy.protocol import Protocol, recognise

UNDECIDED = 4_096
"""Octets that may come until a text is HTTP or something else: each one more is looked at from the beginning."""
_HTTP = re.compile(
    rb"[A-Za-z]{2,16} (?:/|\*[ \r\n]|(?i:https?|wss?)://)|[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [^\r\n]* HTTP/\d"
)
_CLIENT_FIRST = frozenset((80, 443, 8080, 8443))
"""Ports on which nobody waits for the server: who says nothing there is busy, such as a JVM that loads its TLS."""
_PART_OF_A_LINE = re.compile(rb"[\t\r\x20-\x7e]*\Z")


@dataclass(frozen=True, slots=True)
class Begun:
    """What the first bytes are. With nothing set, they are nothing known, and more of them would not tell."""

    hello: ClientHello | None = None
    http: bool = False
    http2: bool = False
    protocol: Protocol | None = None


def read_begun(seen: bytes, port: int) -> Begun | None:
    """What a connection to a port begins with, or None while that cannot be told."""
    if seen[0] == HANDSHAKE_RECORD:
        try:
            hello = read_client_hello(seen)
        except NotTls:
            return Begun()
        return None if hello is None else Begun(hello=hello)
    if seen.startswith(HTTP2_PREFACE):
        return Begun(http2=True)
    if HTTP2_PREFACE.startswith(seen[: len(HTTP2_PREFACE)]):
        return None
    if _HTTP.match(seen[:UNDECIDED]):
        return Begun(http=True)
    protocol = recognise(seen, port)
    return None if protocol is None else Begun(protocol=protocol)


async def first_bytes(sock: socket.socket, port: int, patience: Patience) -> tuple[Begun, bytes]:
    """What a connection begins with, and the bytes seen, none of them taken. Raises PeekEnded.

    Bounded in time, however slowly they trickle: the first one has its seconds, all others together theirs.
    """
    silence = max(patience.silence, patience.hello) if port in _CLIENT_FIRST else patience.silence
    first, seen = await peek_until(sock, _anything, limit=LOOKED_AT, seconds=silence)
    begun = read_begun(seen, port)
    if begun is not None:
        return begun, seen
    seconds = patience.hello if first == HANDSHAKE_RECORD or _PART_OF_A_LINE.match(seen) else patience.more
    limit = LOOKED_AT if first == HANDSHAKE_RECORD else UNDECIDED
    try:
        return await peek_until(sock, partial(read_begun, port=port), limit=limit, seconds=seconds)
    except PeekEnded as ended:
        if ended.seen and ended.why == "too_long":
            return Begun(), ended.seen
        raise


def _anything(seen: bytes) -> int | None:
    return seen[0] if seen else None
