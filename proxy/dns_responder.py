"""The DNS responder: answers every name with the gateway, once the question is on record, and resolves nothing.

It opens no connection: questions of internal zones are given to a function that the wiring provides.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable

import dns.message
import dns.rcode

from ledger.trouble import LedgerUnavailable
from policies.dns_question import DnsQuestion
from proxy.accept import PortInUse, listening_socket
from proxy.dns_answer import NotAQuestion, Steering, read_question, refusal
from proxy.dns_name import InternalZones, Resolver, asked, carries_data
from proxy.dns_repeats import Repeats
from proxy.dns_wire import TcpQuestions, UdpQuestions
from proxy.door_ask import Gate
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
    ) -> None:
        self._gate = gate
        self._steering = Steering(steer_to)
        self._zones = zones or InternalZones({})
        self._forward = forward
        self._repeats = repeats or Repeats(None)
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: TcpQuestions | None = None
        self._flushing: asyncio.Task[None] | None = None

    async def start(self, bind: str, port: int) -> tuple[str, int]:
        """Listen, and return the address really bound. Raises PortInUse."""
        loop = asyncio.get_running_loop()
        stream, datagram = _pair(bind, port)
        self._tcp = TcpQuestions(stream, self.respond)
        self._udp, _ = await loop.create_datagram_endpoint(lambda: UdpQuestions(self.respond), sock=datagram)
        self._flushing = asyncio.Task(self._flush(), loop=loop)
        bound = datagram.getsockname()
        return bound[0], bound[1]

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

    async def respond(self, wire: bytes, source: str, protocol: str) -> bytes | None:
        """The answer to one message, once it is on record; None: it gets none."""
        try:
            query = read_question(wire)
        except NotAQuestion as error:
            return error.reply
        answer = refusal(query, dns.rcode.SERVFAIL)
        try:
            answer = await self._answer(query, wire, source, protocol)
        except (NotReady, LedgerUnavailable, OSError) as error:
            _log.warning("a DNS question was answered SERVFAIL: %s", error)
        except Exception:
            _log.exception("the DNS responder failed on a question")
        return answer

    async def _answer(self, query: dns.message.Message, wire: bytes, source: str, protocol: str) -> bytes:
        name, kind = asked(query)
        resolver = self._zones.resolver_of(query.question[0].name)
        flags = ("internal",) if resolver is not None else ()
        if carries_data(name, kind):
            flags = (*flags, "tunnelling")
        question = DnsQuestion(name, kind, source, protocol, wire, flags)
        if not await self._repeats.take((source, name.lower(), kind), lambda: self._record(question)):
            return refusal(query, dns.rcode.SERVFAIL)
        if resolver is None:
            return self._steering.answer(query)
        if self._forward is None:
            return refusal(query, dns.rcode.SERVFAIL)
        return await self._forward(wire, resolver, protocol)

    async def _record(self, question: DnsQuestion) -> str:
        outcome = await self._gate.take(question)
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
        datagram = socket.socket(stream.family, socket.SOCK_DGRAM)
        try:
            datagram.bind(stream.getsockname())
        except OSError as error:
            stream.close()
            datagram.close()
            refused = error
            continue
        datagram.setblocking(False)
        return stream, datagram
    raise PortInUse(f"{bind}:{port} over UDP cannot be bound: {refused.strerror}.")
