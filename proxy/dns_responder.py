"""The DNS responder: answers every name with the gateway, once the question is on record, and resolves nothing.

It opens no connection: questions of internal zones are given to a function that the wiring provides.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from functools import partial

import dns.message
import dns.rcode

from ledger.trouble import LedgerUnavailable
from policies.dns_question import DnsQuestion
from policies.http_request import NameSource, RunClaim
from policies.raw_connection import RawConnection
from proxy.accept import Peer, PortInUse, listening_socket
from proxy.dns_answer import NotAQuestion, Steering, read_question, refusal
from proxy.dns_name import InternalZones, Resolver, asked, carries_data
from proxy.dns_own_addresses import OwnAddresses
from proxy.dns_repeats import Repeats
from proxy.dns_spread import Spread
from proxy.dns_wire import TcpQuestions, UdpQuestions, answer_stream
from proxy.door_ask import Gate
from proxy.door_evidence import evidence
from proxy.name_book import NameBook, NamesUsedUp
from sinks.binding import bound_socket
from sinks.gate import NotReady
from sinks.passage import Departure

_log = logging.getLogger(__name__)
Forward = Callable[[bytes, Resolver, str], Awaitable[bytes]]
"""`forward(query, resolver, "dns" or "dns-tcp")` asks an internal resolver for its answer. OSError: it cannot."""
FLUSH_SECONDS = 5.0
PORT_TRIES = 16


class DnsResponder:
    """UDP and TCP on one port."""

    def __init__(
        self,
        *,
        gate: Gate,
        steer_to: tuple[str, ...],
        zones: InternalZones | None = None,
        forward: Forward | None = None,
        repeats: Repeats | None = None,
        names: NameBook | None = None,
        claim: RunClaim | None = None,
    ) -> None:
        """With `names`, each name is answered with an address of its own, and `steer_to` is not looked at.

        `claim`: of a run that this responder is for alone.
        """
        self._gate = gate
        self._steering = Steering(steer_to) if names is None else OwnAddresses(names)
        self._claim = claim
        self._spread = Spread()
        self._zones = zones or InternalZones({})
        self._forward = forward
        self._repeats = repeats or Repeats(None)
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: TcpQuestions | None = None
        self._flushing: asyncio.Task[None] | None = None

    async def start(self, bind: str, port: int) -> tuple[str, int]:
        """Listen, and return the address really bound. Raises PortInUse."""
        stream, datagram = _pair(bind, port)
        await self.start_on(stream, datagram)
        bound = datagram.getsockname()
        return bound[0], bound[1]

    async def start_on(self, stream: socket.socket, datagram: socket.socket) -> None:
        """Answer on a listening TCP socket and a bound UDP one that somebody else made. Both are ours from here on."""
        loop = asyncio.get_running_loop()
        stream.setblocking(False)
        datagram.setblocking(False)
        self._tcp = TcpQuestions(stream, self.respond)
        self._udp, _ = await loop.create_datagram_endpoint(lambda: UdpQuestions(self.respond), sock=datagram)
        self.start_counting()

    def start_counting(self) -> None:
        """Tell now and then how often questions were repeated: for whoever brings them here by `respond`, to a stop."""
        self._flushing = asyncio.Task(self._flush(), loop=asyncio.get_running_loop())

    async def serve(self, sock: socket.socket, peer: Peer, *, meant: str) -> None:
        """Answer the questions of one accepted TCP connection, which was meant for the resolver `meant`."""
        await answer_stream(sock, peer, partial(self.respond, server=meant))

    async def stop(self) -> None:
        """Close the port, and tell what was counted. Stopping twice is stopping once."""
        udp, tcp, flushing = self._udp, self._tcp, self._flushing
        self._udp = self._tcp = self._flushing = None
        if udp is not None:
            udp.close()
        if tcp is not None:
            await tcp.stop()
        if flushing is not None:
            flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await flushing
        await self._repeats.flush()

    async def respond(self, wire: bytes, source: str, protocol: str, server: str = "") -> bytes | None:
        """The answer to one message, once it is on record; None: it gets none."""
        try:
            query = read_question(wire)
        except NotAQuestion as error:
            await self._keep_malformed(str(error), wire, source, protocol, server)
            return error.reply
        answer = refusal(query, dns.rcode.SERVFAIL)
        try:
            answer = await self._answer(query, wire, source, protocol, server)
        except (NotReady, LedgerUnavailable, NamesUsedUp, OSError) as error:
            _log.warning("a DNS question was answered SERVFAIL: %s", error)
        except Exception:
            _log.exception("the DNS responder failed on a question")
        return answer

    async def _answer(self, query: dns.message.Message, wire: bytes, source: str, protocol: str, server: str) -> bytes:
        name, kind = asked(query)
        resolver = self._zones.resolver_of(query.question[0].name)
        flags = self._flags(source, name, kind, internal=resolver is not None)
        question = DnsQuestion(name, kind, source, protocol, wire, flags, self._claim, server)
        if not await self._repeats.take((source, name.lower(), kind), lambda: self._record(question)):
            return refusal(query, dns.rcode.SERVFAIL)
        if resolver is None:
            return self._steering.answer(query, datagram=protocol == "dns")
        if self._forward is None:
            return refusal(query, dns.rcode.SERVFAIL)
        return await self._forward(wire, resolver, protocol)

    def _flags(self, source: str, name: str, kind: str, *, internal: bool) -> tuple[str, ...]:
        flags = ("internal",) if internal else ()
        wide = not internal and self._spread.is_wide(source, name)
        return (*flags, "tunnelling") if wide or carries_data(name, kind) else flags

    async def _keep_malformed(self, what: str, wire: bytes, source: str, protocol: str, server: str) -> None:
        """Bytes that are no question may still be what somebody wanted to get out."""
        names: tuple[tuple[NameSource, str], ...] = (("dns", server),) if server else ()
        flags = ("malformed",)
        seen = RawConnection(source, names, 53, evidence(wire), protocol, what, flags, self._claim)
        try:
            await self._repeats.take((source, what, ""), lambda: self._record(seen))
        except (NotReady, LedgerUnavailable) as error:
            _log.warning("%s from %s could not be recorded: %s", what, source, error)
        except Exception:
            _log.exception("the DNS responder failed on bytes that are no question")

    async def _record(self, seen: DnsQuestion | RawConnection) -> str:
        outcome = await self._gate.take(seen)
        if isinstance(outcome, Departure):
            # A name that may leave is answered like any other: its connection comes here first, and leaves from here.
            await outcome.settle(False, None)
        return outcome.capture_id

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self._repeats.flush(before=loop.time() - self._repeats.window)
            except LedgerUnavailable as error:
                _log.warning("repeated DNS questions could not be counted: %s", error)


def _pair(bind: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket on the same port; a free one of both kinds for port 0."""
    for _ in range(1 if port else PORT_TRIES):
        stream = listening_socket(bind, port)
        try:
            datagram = bound_socket(bind, stream.getsockname()[1], socket.SOCK_DGRAM)
        except OSError as error:
            stream.close()
            refused = error
            continue
        return stream, datagram
    raise PortInUse(f"{bind}:{port} over UDP cannot be bound: {refused.strerror}.")
