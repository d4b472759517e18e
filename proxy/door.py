"""The door: the engine for everything that cannot leave. HTTP/1.1 over TLS or in the clear, judged, answered, recorded.

Nothing here, nor in any `door_*` module, opens a connection to anywhere: a test holds it to that. What may leave is
another engine's."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from policies.raw_connection import RawConnection
from proxy.connection import Connection, Engine
from proxy.door_ask import Gate, ask
from proxy.door_body import BodyIntake
from proxy.door_conversation import Conversation
from proxy.door_limits import DEFAULT_LIMITS, DoorLimits
from proxy.door_tls import TlsTransport
from proxy.head_reader import HeadReaders
from proxy.head_target import opened_for
from sinks.in_flight import InFlight


class Certificates(Protocol):
    """`proxy.ca.CertificateAuthority`, as far as the door needs it."""

    def context_for(self, name: str) -> ssl.SSLContext:
        """The server context for a name. ValueError: no certificate can name it."""
        ...


def _stays(_host: str, _port: int) -> bool:
    return False


class Door:
    """Serves a connection to its end."""

    def __init__(
        self,
        *,
        gate: Gate,
        certificates: Certificates,
        intake: Callable[[bool], BodyIntake],
        limits: DoorLimits = DEFAULT_LIMITS,
        may_leave: Callable[[str, int], bool] = _stays,
        other: Engine | None = None,
        in_flight: InFlight | None = None,
    ) -> None:
        self._gate = gate
        self._in_flight = in_flight or InFlight()
        self._certificates = certificates
        self._intake = intake
        self._limits = limits
        # Without another engine nobody could take a request that may leave; the gate's answer to it is refused here.
        self._moves_on = may_leave if other is not None else _stays
        self._other = other
        self._heads = HeadReaders()

    async def serve(self, sock: socket.socket, connection: Connection) -> None:
        """Serve the connection until it ends. The socket is closed then, or another engine's."""
        heads = self._heads.of(connection)
        talk = Conversation(connection, self._gate, self._intake, self._limits, self._moves_on, self._in_flight, heads)
        what = "a TLS handshake" if connection.tls else "a request"
        self._in_flight.begin(connection.id, what, connection.source, claim=connection.claim, told=connection.tls)
        try:
            if not await self._begin(sock, connection, talk):
                return
            if connection.tls and not talk.wire.busy and not talk.wire.buffer:
                self._in_flight.end(connection.id)
            # Shielded: cancelling this wait must not cancel the one in `_stop`.
            await asyncio.shield(talk.wire.finished)
            moved = talk.handed_over
            if moved is not None and self._other is not None:
                # Entered until the other engine has entered it: whoever waits for a run must not miss it in between.
                await self._other.serve(moved.sock, replace(connection, early=moved.early))
        except asyncio.CancelledError:
            await self._stop(talk)
            raise
        finally:
            self._in_flight.end(connection.id)

    async def _begin(self, sock: socket.socket, connection: Connection, talk: Conversation) -> bool:
        """Put the conversation on the socket, behind TLS where the client wants it."""
        try:
            if connection.tls:
                context = self._certificates.context_for(certificate_name(connection))
                await TlsTransport(sock, context, talk.wire, self._limits).handshake()
            else:
                await asyncio.get_running_loop().connect_accepted_socket(lambda: talk.wire, sock)
        except (OSError, ValueError) as error:
            sock.close()
            talk.wire.abort()
            await self._unreadable(connection, error)
            return False
        return True

    async def _unreadable(self, connection: Connection, error: Exception) -> None:
        """Record a connection whose handshake failed: somebody wanted to go there."""
        raw = RawConnection(
            source=connection.source,
            names=connection.names,
            port=connection.port or 0,
            protocol="tls" if connection.tls else "tcp",
            what=_what_failed(error),
            flags=("unreadable",),
            claim=connection.claim,
        )
        await ask(self._gate, raw)

    async def _stop(self, talk: Conversation) -> None:
        """Let what is being judged be recorded and answered, then end."""
        talk.stop()
        await asyncio.wait({talk.wire.finished}, timeout=self._limits.stop_seconds)
        # Closed by others than its transport, the socket would stay in the loop's books, and so would its number:
        # of the next connection under that number the loop would hear nothing.
        talk.wire.abort()


def certificate_name(connection: Connection) -> str:
    """The name the client looks for in the certificate: SNI's, or without one the tunnel's. ValueError: neither."""
    named = dict(connection.names)
    if "sni" in named:
        return named["sni"]
    host = opened_for(connection)[0]
    if not host:
        raise ValueError("the client named nobody")
    return host


def _what_failed(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        alert = (error.reason or str(error)).replace("_", " ").lower()
        return f"the TLS handshake failed ({alert}): the client does not trust the CA, or pins certificates"
    if isinstance(error, ValueError):
        return f"the TLS handshake was not begun: {error}"
    return "the client ended the TLS handshake: it does not trust the CA, or pins certificates"
