"""The transparent entrance: connections redirected here from wherever they were meant to go, whatever they speak.

Also the one road for all others whose destination is known by another way: SOCKS, WireGuard, sockets passed to us.
"""

import socket
from collections.abc import Container
from dataclasses import replace
from typing import Protocol

from policies.http_request import NameSource, RunClaim, claimed
from proxy.accept import Peer
from proxy.connection import Connection, Entrance
from proxy.door_ask import Gate
from proxy.engines import EngineChooser
from proxy.listener_opening import Opener, Patience
from proxy.peek import PeekEnded
from proxy.protocol import Protocol as Spoken
from proxy.protocol import guess
from proxy.protocol_port import SILENT_UNDER_TLS
from proxy.transparent_destination import Place, original_destination, own_place, reset_at_close, shown
from proxy.transparent_opening import Begun, first_bytes

SMTP_PORTS = frozenset((25, 587, 2525))
SMTPS_PORT = 465
DNS_PORT = 53
DOT_PORT = 853
DNS = Spoken("dns-tcp")
LOOP = "a connection of the gateway's own that was redirected back to it: the rules must let its connections go"


class ServesMail(Protocol):
    """`sinks.smtp_listener.SmtpListener`: the server that mail clients wait for to speak."""

    async def serve(
        self, sock: socket.socket, peer: Peer, *, implicit_tls: bool, port: int, claim: RunClaim | None, meant: str
    ) -> None:
        """Serve one accepted connection to its end. `meant`: `host:port` as the client had it."""
        ...


class ServesQuestions(Protocol):
    """`proxy.dns_responder.DnsResponder`."""

    async def serve(self, sock: socket.socket, peer: Peer, *, meant: str) -> None:
        """Answer the DNS questions of one TCP connection."""
        ...


class KnowsNames(Protocol):
    """`proxy.name_book.NameBook`."""

    def name_of(self, address: str) -> str | None:
        """The name an address was given out for."""
        ...


class TransparentEntrance:
    """Serves a connection by the destination its client meant. Nothing is ever answered as a success here."""

    def __init__(
        self,
        *,
        chooser: EngineChooser,
        gate: Gate,
        mail: ServesMail,
        names: KnowsNames,
        claim: RunClaim | None = None,
        questions: ServesQuestions | None = None,
        patience: Patience | None = None,
        own_ends: Container[Place] = (),
    ) -> None:
        """`claim`: of a run that this entrance is for alone. Without `questions`, DNS over TCP is only recorded.

        `own_ends`: the local ends of what the gateway itself has dialled, which must not come back in here.
        """
        self._opener = Opener(chooser, gate, patience or Patience())
        self._mail = mail
        self._names = names
        self._claim = claim
        self._questions = questions
        self._own_ends = own_ends

    async def __call__(self, sock: socket.socket, peer: Peer) -> None:
        """An entrance, as the accept loop calls it: the kernel knows where the connection was meant to go."""
        meant = original_destination(sock)
        own = own_place(sock)
        if meant is not None and meant != own:
            await self.serve(sock, peer, meant)
            return
        what = "a connection to the transparent entrance itself, which was not redirected there from anywhere"
        await self._close(
            sock, self._connection(peer, own, "address", self._claim), Spoken("tcp"), b"", what, "not_redirected"
        )

    async def serve(
        self,
        sock: socket.socket,
        peer: Peer,
        meant: Place,
        source: NameSource = "address",
        *,
        claim: RunClaim | None = None,
        entrance: Entrance = "transparent",
    ) -> None:
        """Serve a connection that was meant for `meant`, a host (or its address) and a port, known by `source`.

        `claim`: what the client says of itself, to another entrance that it came by.
        Returns when it has ended. Whoever called closes the socket; an engine may have done so already.
        """
        host, port = meant
        name = self._names.name_of(host)
        if name is not None:
            source, host = "dns", name
        connection = self._connection(peer, (host, port), source, claimed(claim, self._claim), entrance)
        if (peer.address, peer.port) in self._own_ends:
            # To serve it would be to dial it again, and to get that back too.
            await self._close(sock, connection, Spoken("tcp"), b"", LOOP, "loop")
            return
        if port in SMTP_PORTS or port == SMTPS_PORT:
            # The server speaks first, so there is no opening to look at.
            tls, server = port == SMTPS_PORT, shown(host, port)
            await self._mail.serve(sock, peer, implicit_tls=tls, port=port, claim=connection.claim, meant=server)
            return
        try:
            begun, seen = await first_bytes(sock, port, self._opener.patience)
        except PeekEnded as ended:
            await self._unopened(sock, connection, ended)
            return
        if port == DNS_PORT and begun.protocol == DNS and self._questions is not None:
            await self._questions.serve(sock, peer, meant=shown(host, port))
        else:
            await self._by_opening(sock, connection, begun, seen)

    def _connection(
        self, peer: Peer, meant: Place, source: NameSource, claim: RunClaim | None, entrance: Entrance = "transparent"
    ) -> Connection:
        names: tuple[tuple[NameSource, str], ...] = ((source, shown(*meant)),)
        return Connection(peer.id, peer.address, peer.port, entrance, names, meant[1], claim=claim)

    async def _by_opening(self, sock: socket.socket, connection: Connection, begun: Begun, seen: bytes) -> None:
        port = connection.port or 0
        if begun.hello is not None and (port in SILENT_UNDER_TLS or port == DOT_PORT):
            await self._encrypted(sock, connection, begun, seen)
        elif begun.hello is not None:
            await self._opener.serve_tls(sock, connection, begun.hello, seen)
        elif begun.http:
            await self._plain(sock, connection)
        elif begun.http2:
            await self._opener.serve_http2(sock, connection, seen)
        else:
            await self._close(sock, connection, begun.protocol or guess(port), seen)

    async def _plain(self, sock: socket.socket, connection: Connection) -> None:
        head = None
        try:
            head, _ = await self._opener.first_head(sock)
        except PeekEnded as ended:
            if not ended.seen:
                await self._opener.record_ended(connection, ended)
                return
        await self._opener.serve_plain(sock, connection, head)

    async def _encrypted(self, sock: socket.socket, connection: Connection, begun: Begun, seen: bytes) -> None:
        """TLS by which nothing of HTTP comes, and in which nobody would answer: it is not begun."""
        if begun.hello is not None and begun.hello.sni is not None:
            connection = _with_name(connection, begun.hello.sni)
        await self._close(sock, connection, guess(connection.port or 0), seen)

    async def _unopened(self, sock: socket.socket, connection: Connection, ended: PeekEnded) -> None:
        """A client that said nothing: it waits for the server, or wanted no more than to connect."""
        waits = "on which the client sent nothing" if ended.why == "silent" else "closed before its first byte"
        if ended.seen:
            waits = f"whose first {len(ended.seen)} octets begin nothing known"
        spoken = guess(connection.port or 0)
        what = f"a connection {waits}" + (f": {spoken.what}" if spoken.guessed else "")
        await self._close(sock, connection, spoken, ended.seen, what)

    async def _close(
        self, sock: socket.socket, connection: Connection, spoken: Spoken, seen: bytes, what: str = "", *flags: str
    ) -> None:
        """Record what nobody here speaks, and reset the connection: at its end alone a client might take heart."""
        flags = (*flags, "guessed") if spoken.guessed else flags
        if connection.port == DOT_PORT:
            flags = ("encrypted_dns", *flags)
        await self._opener.record(connection, what or spoken.what, seen, *flags, protocol=spoken.name)
        reset_at_close(sock)


def _with_name(connection: Connection, sni: str) -> Connection:
    return replace(connection, names=(*connection.names, ("sni", sni)))
