"""SmtpListener: the sockets mail is accepted on, plain with STARTTLS or under TLS from the first byte."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any

from policies.http_request import RunClaim
from sinks.accepting import Accepting
from sinks.binding import bound_socket
from sinks.in_flight import InFlight
from sinks.smtp_body import Intake
from sinks.smtp_connection import SmtpConnection
from sinks.smtp_delivery import MailRelay, SmtpDelivery, Taker
from sinks.smtp_entrance import Served, SmtpEntrance
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_redirected import Peer, RedirectedGate, converse
from sinks.smtp_remains import SmtpRemains
from sinks.smtp_socket import SmtpSocket
from sinks.smtp_watch import SmtpWatch
from sinks.stamped_gate import StampedGate

STOP_SECONDS = 3.0
"""How long a mail that is being recorded is waited for at stop."""


class SmtpListener:
    """May listen on several sockets. Everything that arrives goes through one gate."""

    def __init__(
        self,
        gate: Taker,
        tls_context: Callable[[], ssl.SSLContext] | None,
        hostname: str,
        *,
        intakes: Callable[[], Intake],
        relay: MailRelay | None = None,
        limits: SmtpLimits | None = None,
        in_flight: InFlight | None = None,
        claim: RunClaim | None = None,
    ) -> None:
        """`tls_context` is asked for each handshake and must be cheap; without one TLS is not offered.

        `intakes` gives a new body intake for each message, such as `lambda: store.intake(keep=True)`. `claim`: of
        a run that the sockets are for alone.
        """
        gate = gate if claim is None else StampedGate(gate, claim)
        self._gate = gate
        self._in_flight = in_flight or InFlight()
        self._claim = claim
        self._relay = relay
        self._tls_context = tls_context
        self._hostname = hostname
        self._limits = limits or SmtpLimits()
        self.delivery = SmtpDelivery(gate, intakes, relay)
        self._remains = SmtpRemains(gate)
        self._accepting: list[Accepting] = []
        self._connections: set[Served] = set()
        self._watch = SmtpWatch(self._connections, self._limits)

    async def start(self, bind: str, port: int, implicit_tls: bool = False) -> tuple[str, int]:
        """Listen, on a free port for 0. Returns the address really bound. Raises OSError, such as for a port in use."""
        self._check(implicit_tls)
        with contextlib.ExitStack() as unless_listening:
            sock = unless_listening.enter_context(bound_socket(bind, port))
            host, bound = sock.getsockname()[:2]
            entrance = self._entrance(bound, implicit_tls, self.delivery, self._remains, self._claim)

            def take(accepted: socket.socket, peer: Any) -> None:
                connection = SmtpConnection(entrance)
                transport = SmtpSocket(accepted, connection, peer)
                try:
                    connection.connection_made(transport)
                except BaseException:
                    transport.abort()
                    raise

            loop = asyncio.get_running_loop()
            what = "a mail client's connection"
            self._accepting.append(Accepting(loop, sock, take, self._in_flight, self._claim, what))
            unless_listening.pop_all()
        return host, bound

    async def serve(
        self, sock: socket.socket, peer: Peer, *, implicit_tls: bool, port: int, claim: RunClaim | None, meant: str
    ) -> None:
        """Serve a connection that somebody else accepted, to its end, and record it even if no mail is sent.

        `meant` is the `host:port` the client connected to, `claim` that of a run whose own entrance it came by.
        """
        self._check(implicit_tls)
        gate = RedirectedGate(self._gate, peer, claim, meant)
        delivery = SmtpDelivery(gate, self.delivery.intakes, self._relay)
        try:
            await converse(sock, self._entrance(port, implicit_tls, delivery, SmtpRemains(gate), claim))
        finally:
            await gate.close("smtps" if implicit_tls else "smtp", port)

    def _check(self, implicit_tls: bool) -> None:
        if implicit_tls and self._tls_context is None:
            raise ValueError("SMTP under TLS needs a certificate")

    def _entrance(
        self, port: int, implicit_tls: bool, delivery: SmtpDelivery, remains: SmtpRemains, claim: RunClaim | None
    ) -> SmtpEntrance:
        return SmtpEntrance(
            hostname=self._hostname,
            port=port,
            implicit_tls=implicit_tls,
            tls_context=self._tls_context,
            limits=self._limits,
            delivery=delivery,
            remains=remains,
            connections=self._connections,
            in_flight=self._in_flight,
            watch=self._watch,
            claim=claim,
        )

    async def stop(self) -> None:
        """Accept nothing more, answer the mails at hand, close every connection."""
        for accepting in self._accepting:
            accepting.stop()
        for connection in tuple(self._connections):
            connection.shut()
        at_work = [connection.work for connection in self._connections if connection.work is not None]
        if at_work:
            await asyncio.wait(at_work, timeout=STOP_SECONDS)
        for connection in tuple(self._connections):
            connection.abort()
        self._accepting.clear()
        self._watch.end()
