"""The conversation: requests of one connection read, judged and answered in order, strictly, until it ends."""

import logging
import math
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from ledger.trouble import CANNOT_RECORD, LedgerUnavailable
from policies.raw_connection import RawConnection
from proxy.body_reader import MalformedBody
from proxy.connection import Connection
from proxy.door_ask import ARMED, Gate, Told, ask, refused, stayed
from proxy.door_body import BodyIntake, BodyTaker, Refused
from proxy.door_evidence import evidence
from proxy.door_limits import DoorLimits
from proxy.door_request import claim_of, describe_request, found_under, meant_by
from proxy.door_wire import Wire
from proxy.head import HEAD_END, LONGEST_HEAD, Head, MalformedHead
from proxy.head_reader import HeadReader
from proxy.head_target import read_target
from proxy.head_unfinished import BEHIND_THE_LAST, TooLongHead, behind, must_become_a_head
from proxy.http1_reply import UnwritableReply, problem, render
from sinks.in_flight import InFlight, Work
from sinks.passage import Answer

_log = logging.getLogger(__name__)
_UNWRITABLE = "The answer that was made cannot be written."


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A plain connection whose next request may leave: the socket, and what was read of that request and after it."""

    sock: socket.socket
    early: bytes


class Conversation:
    """One connection inside the door."""

    def __init__(
        self,
        connection: Connection,
        gate: Gate,
        intake: Callable[[bool], BodyIntake],
        limits: DoorLimits,
        moves_on: Callable[[str, int], bool],
        in_flight: InFlight,
        heads: HeadReader,
    ) -> None:
        """`heads`: for connections like this one."""
        self._connection = connection
        self._gate = gate
        self._limits = limits
        self._moves_on = moves_on
        self._in_flight = in_flight
        self._work: Work | None = None
        """Entered from the first byte of a head until all that was sent is answered."""
        waits = connection.tls and not connection.alpn
        self.wire = Wire(self._serve, limits, limits.silence_seconds if waits else None)
        self._bodies = BodyTaker(self.wire, gate, intake, limits)
        self._heads = heads
        self._answered = 0
        self._said = False
        """Whether an empty line came, of which nothing is left in the buffer."""
        self._head_since: float | None = None
        self._head_bytes = b""
        self._reading: Head | None = None
        self._stopping = False
        self.handed_over: HandedOver | None = None

    def stop(self) -> None:
        """End after the request that is being answered, or now."""
        self._stopping = True
        if not self.wire.busy:
            self.wire.abort()

    async def _serve(self) -> None:
        """Whatever is new on the wire; every way this can fail ends in a refusal."""
        wire, at = self.wire, self._connection
        if self._work is None and wire.buffer:
            flight = self._in_flight
            self._work = flight.going[at.id] = Work("a request", at.source, flight.clock(), at.claim, at.tls)
        try:
            while not wire.closing and (head := self._next_head()) is not None:
                if not at.tls and self._moves_on(*meant_by(head, at)) and await self._is_handed_over():
                    break
                await self._answer(head)
                self._head_bytes, self._reading = b"", None
            else:
                if not wire.closing and (wire.ended or wire.late):
                    await self._end()
        except Exception as error:
            await self._fail(error)
        self._wait_for_more()

    async def _fail(self, error: Exception) -> None:
        """What was being read, or asked, came to nothing."""
        if isinstance(error, TooLongHead):
            await self._refuse(Refused(431, str(error), "malformed"))
        elif isinstance(error, MalformedHead | MalformedBody):
            await self._refuse(Refused(400, str(error), "malformed"))
        elif isinstance(error, Refused):
            await self._refuse(error)
        elif isinstance(error, LedgerUnavailable):
            self._in_flight.lose(self._connection.id, str(error))
            _log.warning("a request was refused: %s", error)
            await self._say(503, "Soundstage cannot record", CANNOT_RECORD)
        else:
            _log.error("the door failed on a connection of %s", self._connection.source, exc_info=error)
            self._in_flight.lose(self._connection.id, "Soundstage failed while it read it")
            await self._say(503, "Soundstage failed", "Soundstage failed while it read this; nothing left.")

    def _wait_for_more(self) -> None:
        wire = self.wire
        if self._work is not None and (not wire.buffer or wire.closing):
            self._work = None
            if self.handed_over is None:
                self._in_flight.going.pop(self._connection.id, None)
        if wire.closing or wire.lost:
            return
        if wire.paused:
            wire.rest()
        if self._head_since is None:
            # A head has its seconds from its first byte on, however slowly the others trickle.
            wire.expect(self._limits.head_seconds if wire.buffer else self._limits.idle_seconds)
            self._head_since = wire.now if wire.buffer else None

    def _next_head(self) -> Head | None:
        buffer = self.wire.buffer
        if not buffer:
            return None
        if buffer.startswith(b"\r\n"):
            # RFC 9112, 2.2: an empty line before a request line is skipped.
            del buffer[:2]
            self._said = True
        end = buffer.find(HEAD_END, 0, LONGEST_HEAD) + len(HEAD_END)
        if end < len(HEAD_END):
            must_become_a_head(buffer, self._connection.port or 0)
            return None
        self.wire.deadline = math.inf
        self._head_since = None
        self._head_bytes = bytes(buffer[:end])
        head = self._heads.read(self._head_bytes)
        if head.method == "CONNECT":
            raise MalformedHead("CONNECT came on a connection that is a tunnel or has carried requests")
        return head

    async def _answer(self, head: Head) -> None:
        """One request, from its head to its answer. In one piece, because each is read, asked and written here.

        A coroutine or a call more between the wire and the gate costs every request a microsecond or two.
        """
        wire, at, work = self.wire, self._connection, self._work
        target = None if head.likeness is not None else read_target(head)
        self._reading = head
        if work is not None:
            work.claim = at.claim if head.proxy_authorization is None else claim_of(head, at)
            work.told, work.host = True, head.hosts[0] if head.hosts else ""
        body, trailers = self._bodies.at_once(head, len(self._head_bytes)), False
        if body is None:
            body, trailers = await self._bodies.take(head, lambda: describe_request(head, at))
        request = describe_request(head, at, body=body, trailers=trailers, target=target)
        told: Answer | Told = ARMED
        try:
            outcome = await self._gate.take(request)
            told = outcome if isinstance(outcome, Answer) else await stayed(outcome)
        except Exception as error:
            told = refused(request, error)
        keep = head.keep_alive and not self._stopping and isinstance(told, Answer)
        if wire.send(self._rendered(told, head, keep)):
            await wire.drained()
        self._answered += 1
        if not keep:
            await self._part()

    async def _part(self) -> None:
        """No further request of this connection is answered; what was sent behind the last is on record."""
        if not self.wire.buffer:
            self.wire.close()
            return
        self._head_bytes = bytes(self.wire.buffer[:LONGEST_HEAD])
        self._reading = behind(self._head_bytes)
        try:
            await ask(self._gate, self._raw(BEHIND_THE_LAST, "truncated"))
        finally:
            self.wire.linger()

    def _rendered(self, told: Answer | Told, head: Head, keep: bool) -> bytes:
        verdict = told.decision.verdict if isinstance(told, Answer) else told.verdict
        marks: tuple[tuple[str, str], ...] = (("Soundstage-Verdict", verdict),)
        if told.capture_id:  # a canary has none
            marks = (("Soundstage-Verdict", verdict), ("Soundstage-Capture", told.capture_id))
        try:
            return render(told.reply, head_only=head.method == "HEAD", keep_alive=keep, minor=head.minor, marks=marks)
        except UnwritableReply:
            _log.exception("the answer to %s could not be written", told.capture_id)
            failed = problem(503, "Soundstage failed", _UNWRITABLE, told.capture_id or None)
            return render(failed, head_only=False, keep_alive=keep, minor=head.minor, marks=marks)

    async def _end(self) -> None:
        """The client went away or fell silent outside of a request, or in the middle of a head."""
        if self.wire.buffer:
            ended = "the client went away" if self.wire.ended else "the client fell silent"
            await self._refuse(Refused(408, f"{ended} in the middle of a request's head", "truncated"))
            return
        if not self._answered and (self._said or self._connection.names or self._connection.entrance == "steered"):
            what = "a connection on which nothing was asked"
            if self._connection.tls:
                what = "a connection that ended after the TLS handshake (the client may pin certificates)"
                if self.wire.late:
                    what = "a TLS connection on which the client said nothing (it may expect the server to speak first)"
            await ask(self._gate, self._raw(what, "unreadable"))
        self.wire.close()

    async def _refuse(self, refused: Refused) -> None:
        told = await ask(self._gate, self._raw(refused.what, refused.flag))
        status = refused.status if told.answered else 503
        title = HTTPStatus(refused.status).phrase
        await self._say(status, title, refused.what if told.answered else told.reason, told.capture_id)

    async def _say(self, status: int, title: str, detail: str, capture_id: str | None = None) -> None:
        """A refusal of the door's own, and the end of the connection."""
        reply = problem(status, title, detail, capture_id)
        await self.wire.write(render(reply, head_only=False, keep_alive=False, minor=1, marks=()))
        self.wire.linger()

    def _raw(self, what: str, flag: str) -> RawConnection:
        connection = self._connection
        names, port = connection.names, connection.port or 0
        if self._reading is not None:
            names, port = found_under(self._reading, connection)
        return RawConnection(
            source=connection.source,
            names=names,
            port=port,
            opening=evidence(self._head_bytes or bytes(self.wire.buffer)),
            protocol="tls" if connection.tls else "tcp",
            what=what,
            flags=(flag,),
            claim=connection.claim,
        )

    async def _is_handed_over(self) -> bool:
        """Give the socket and what was read ahead to whoever serves what may leave. False: the client is gone."""
        await self.wire.flush()
        if self.wire.lost:
            return False
        self.handed_over = HandedOver(self.wire.detach(), bytes(self.wire.buffer))
        self.wire.buffer.clear()
        return True
