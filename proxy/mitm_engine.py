"""MitmEngine: mitmproxy embedded as a library, for connections from which something may leave, and for HTTP/2.

It has no listener and no second way in: it is handed accepted sockets with the true client beside them.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from policies.decision import Decision
from policies.effect import Effect
from policies.http_request import HttpRequest
from proxy.connection import Connection
from proxy.mitm_body import Intake
from proxy.mitm_connection import HeldConnection
from proxy.mitm_flow import Fault, FlowHooks, Passes
from proxy.mitm_hooks import HeldHooks
from proxy.mitm_options import check_held
from proxy.mitm_stream import Intakes
from proxy.mitm_tickets import Dials, Tickets
from proxy.mitm_tls import Certificates, ClientTls, ServerTls
from sinks.in_flight import InFlight

_log = logging.getLogger(__name__)


def _not_kept(_request: HttpRequest) -> Intake | None:
    return None


class MitmEngine:
    """Decides request by request, through the same gate and with the same description as the door."""

    def __init__(
        self,
        gate: Passes,
        dialler: Dials,
        ca: Certificates,
        *,
        extra_ca: Path | None = None,
        intakes: Intakes = _not_kept,
        spool: Path | None = None,
        flows: type[FlowHooks] = FlowHooks,
        in_flight: InFlight | None = None,
    ) -> None:
        """`extra_ca`: authorities trusted beside the system's, for destinations. `spool`: where long bodies wait.

        `flows` is what a test of the holds replaces by something broken.

        Raises EngineUnsuitable.
        """
        check_held()
        self._gate = gate
        self._dialler = dialler
        self._client_tls = ClientTls(ca)
        self._server_tls = ServerTls(extra_ca)
        self._intakes = intakes
        self._spool = spool
        self._flows = flows
        self._in_flight = in_flight or InFlight()
        self._rules: Callable[[Effect], Decision] | None = None
        self._open: dict[HeldConnection, FlowHooks] = {}
        self.fault = Fault()

    async def serve(self, sock: socket.socket, connection: Connection) -> None:
        """Serve one client until it or we close. Owns the socket."""
        reader = asyncio.StreamReader()
        if connection.early:
            reader.feed_data(connection.early)
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock)
        flows = self._flows(self._gate, connection, self.fault)
        flows.rules = self._rules
        hooks = HeldHooks(
            flows,
            connection,
            client_tls=self._client_tls,
            server_tls=self._server_tls,
            intakes=self._intakes,
            spool=self._spool,
            in_flight=self._in_flight,
        )
        held = HeldConnection(
            reader,
            asyncio.StreamWriter(transport, protocol, reader, loop),
            tls=connection.tls,
            tickets=Tickets(self._dialler, connection.id),
            hooks=hooks,
            failed=hooks.lose,
        )
        self._open[held] = flows
        what = "a TLS handshake" if connection.tls else "a request"
        self._in_flight.begin(connection.id, what, connection.source, claim=connection.claim, told=connection.tls)
        try:
            await held.handle_client()
        finally:
            held.over()
            del self._open[held]
            transport.close()
            hooks.over()
            await flows.over()

    def shut_all(self) -> None:
        """Close every connection, as at a stop."""
        for held in tuple(self._open):
            held.shut()

    def reconsider(self, rules: Callable[[Effect], Decision]) -> None:
        """Close every connection by which something left that the rules now in force would not let out."""
        self._rules = rules
        for held, flows in tuple(self._open.items()):
            try:
                stays = not flows.overtaken(rules)
            except Exception:
                _log.exception("what leaves by a connection cannot be held to the rules of now; it is shut")
                stays = False
            if not stays:
                held.shut()

    @contextlib.contextmanager
    def proving(self, gate: Passes, dialler: Dials) -> Iterator[Fault]:
        """For the self-test at start: serve by this gate and dialler until the block ends, then as before."""
        before = self._gate, self._dialler, self._rules
        self._gate, self._dialler, self._rules = gate, dialler, None
        try:
            yield self.fault
        finally:
            self._gate, self._dialler, self._rules = before
            self.shut_all()
