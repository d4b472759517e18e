"""Openings: what a connection's first bytes are (TLS, HTTP or something else), and from there to its engine."""

import contextlib
import re
import socket
from dataclasses import dataclass, replace

from policies.raw_connection import RawConnection
from proxy.client_hello import HANDSHAKE_RECORD, ClientHello, NotTls, read_client_hello
from proxy.connection import Connection
from proxy.door_ask import Gate, Told, ask
from proxy.door_evidence import evidence
from proxy.door_request import meant_by
from proxy.engines import EngineChooser
from proxy.head import LONGEST_HEAD, Head, MalformedHead, head_end, read_head
from proxy.head_target import opened_for
from proxy.head_unfinished import must_become_a_head
from proxy.peek import PeekEnded, peek_until
from proxy.protocol_alpn import spoken_under_tls
from proxy.transparent_destination import reset_at_close

LOOKED_AT = 65_536 + 4_096
"""Octets: the longest ClientHello that is read, in records."""
_HTTP_START = re.compile(rb"[A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{0,31}(?: .*|\Z)", re.DOTALL)
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n"


@dataclass(frozen=True, slots=True)
class Opening:
    """What the first bytes are. With neither hello nor `http`, `why_not` says what was wrong with them."""

    hello: ClientHello | None = None
    http: bool = False
    why_not: str = ""


def read_opening(seen: bytes) -> Opening | None:
    """What a connection begins with, or None while that cannot be told."""
    if seen[0] == HANDSHAKE_RECORD:
        try:
            hello = read_client_hello(seen)
        except NotTls as error:
            return Opening(why_not=str(error))
        return None if hello is None else Opening(hello=hello)
    if seen.startswith(HTTP2_PREFACE):
        return Opening(why_not="HTTP/2 without TLS")
    if not _HTTP_START.match(seen):
        return Opening(why_not="bytes that are neither TLS nor HTTP")
    if b" " in seen and not HTTP2_PREFACE.startswith(seen[: len(HTTP2_PREFACE)]):
        return Opening(http=True)
    return None


def read_first_head(seen: bytes) -> Head | MalformedHead | None:
    """The first head of a plain connection, or what is wrong with it, which the engine will find too and answer."""
    end = head_end(seen)
    try:
        if end >= 0:
            return read_head(seen[:end])
        must_become_a_head(seen, 0)
    except MalformedHead as error:
        return error
    return None


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds the first bytes of a connection may take."""

    head: float = 30.0
    hello: float = 10.0
    """Short: a client of a protocol in which the server speaks first is waiting, and learns nothing by it."""
    silence: float = 2.0
    """Until the first byte, where any protocol may come, but for ports of HTTP: such a client's is guessed then."""
    more: float = 1.0
    """For bytes that begin nothing known yet."""


class Opener:
    """Sees a connection from its first bytes to its engine, or records it and ends it."""

    def __init__(self, chooser: EngineChooser, gate: Gate, patience: Patience) -> None:
        self._chooser = chooser
        self._gate = gate
        self.patience = patience

    async def first_head(self, sock: socket.socket) -> tuple[Head | MalformedHead, bytes]:
        """The first head of a plain connection and the bytes seen, none of them taken. Raises PeekEnded."""
        return await peek_until(sock, read_first_head, limit=LONGEST_HEAD, seconds=self.patience.head)

    async def serve_plain(self, sock: socket.socket, connection: Connection, head: Head | MalformedHead | None) -> None:
        """HTTP in the clear whose first head has been seen. What is malformed is the door's to refuse."""
        host, port = "", 0
        if isinstance(head, Head):
            # A target that is none is the door's to refuse.
            with contextlib.suppress(MalformedHead):
                host, port = meant_by(head, connection)
        await self._serve(sock, connection, host, port)

    async def serve_hello(self, sock: socket.socket, connection: Connection) -> None:
        """TLS, or a record of what it was."""
        try:
            opening, seen = await peek_until(sock, read_opening, limit=LOOKED_AT, seconds=self.patience.hello)
        except PeekEnded as ended:
            await self.record_ended(connection, ended)
            return
        if opening.hello is not None:
            await self.serve_tls(sock, connection, opening.hello, seen)
        else:
            await self.record(connection, opening.why_not or "HTTP in the clear on a TLS port", seen, "malformed")

    async def serve_tls(self, sock: socket.socket, connection: Connection, hello: ClientHello, seen: bytes) -> None:
        """TLS whose hello has been seen. Without a name from anywhere nobody can tell what was meant: recorded."""
        names = connection.names
        if hello.sni is not None:
            names = (*names, ("sni", hello.sni))
        connection = replace(connection, names=names, tls=True, alpn=hello.alpn)
        spoken = spoken_under_tls(hello.alpn)
        if spoken is not None:
            await self.record(connection, spoken.what, seen, protocol=spoken.name)
            reset_at_close(sock)
            return
        if not names:
            await self.record(connection, "a TLS connection that names nobody (no SNI)", seen, "unreadable")
            return
        host, port = opened_for(connection)
        await self._serve(sock, connection, host, port)

    async def _serve(
        self, sock: socket.socket, connection: Connection, host: str, port: int, seen: bytes = b""
    ) -> None:
        engine = self._chooser.choose(connection, host, port)
        if engine is None:
            await self.record(connection, "a client that speaks HTTP/2 alone", seen, "unreadable")
            return
        await engine.serve(sock, connection)

    async def record_ended(self, connection: Connection, ended: PeekEnded) -> None:
        """Put a connection that never began before the gate: to connect is an attempt already."""
        await self.record(connection, _what_ended(ended), ended.seen, "unreadable")

    async def serve_http2(self, sock: socket.socket, connection: Connection, seen: bytes) -> None:
        """HTTP/2 in the clear, by prior knowledge (RFC 9113, 3.3), as gRPC without TLS speaks it."""
        host, port = opened_for(connection)
        await self._serve(sock, replace(connection, alpn=("h2",)), host, port, seen)

    async def record(
        self, connection: Connection, what: str, seen: bytes, *flags: str, protocol: str | None = None
    ) -> Told:
        """Put a connection that nobody can serve before the gate. `protocol`: what it speaks, if that is known."""
        raw = RawConnection(
            source=connection.source,
            names=connection.names,
            port=connection.port or 0,
            opening=evidence(seen),
            protocol=protocol or ("tls" if connection.tls else "tcp"),
            what=what,
            flags=flags,
            claim=connection.claim,
        )
        return await ask(self._gate, raw)


def _what_ended(ended: PeekEnded) -> str:
    if not ended.seen:
        if ended.why == "closed":
            return "a connection that was closed before its first byte"
        return "a connection on which the client sent nothing (it may expect the server to speak first)"
    return f"a connection whose first bytes never became TLS or HTTP ({len(ended.seen)} octets)"
