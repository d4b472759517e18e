"""Bodies on their way to the ledger: taken from the wire in pieces, within limits of size and time."""

from collections.abc import Callable
from typing import Protocol

from policies.body import EMPTY, HELD_LIMIT, Body
from policies.http_request import HttpRequest
from proxy.body_reader import BodyReader, ChunkedReader, LengthReader
from proxy.door_ask import Gate
from proxy.door_limits import DoorLimits
from proxy.door_wire import Wire
from proxy.head import Head
from proxy.http1_reply import CONTINUE


class BodyIntake(Protocol):
    """`ledger.intake.BodyIntake`: where a body's pieces go. Each raises LedgerUnavailable where they cannot."""

    def write(self, chunk: bytes) -> None:
        """Add a piece."""
        ...

    def finish(self) -> Body:
        """All of it is there."""
        ...

    def abandon(self) -> None:
        """It will never be whole."""
        ...


class Refused(Exception):
    """A request that is refused before the gate is asked about it; the connection itself is recorded."""

    def __init__(self, status: int, what: str, flag: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.flag = flag


class BodyTaker:
    """Reads the bodies of one connection."""

    def __init__(self, wire: Wire, gate: Gate, intake: Callable[[bool], BodyIntake], limits: DoorLimits) -> None:
        self._wire = wire
        self._gate = gate
        self._intake = intake
        self._limits = limits
        self._most_at_once = min(HELD_LIMIT, limits.body_octets)

    def at_once(self, head: Head, octets: int) -> Body | None:
        """The body that follows a head of so many octets, where all of it is there; None: it has to be waited for.

        The head, and that body, are taken off the wire's buffer.
        """
        buffer, length = self._wire.buffer, head.length or 0
        end = octets + length
        if head.chunked or end > len(buffer) or length > self._most_at_once:
            del buffer[:octets]
            return None
        body = Body.of(bytes(buffer[octets:end])) if length else EMPTY
        del buffer[:end]
        return body

    async def take(self, head: Head, request: Callable[[], HttpRequest]) -> tuple[Body, bool]:
        """The body that follows a head, and whether trailers followed it. `request` describes the head alone.

        Raises Refused, MalformedBody and LedgerUnavailable.
        """
        wire, length = self._wire, head.length
        if length is not None and length > self._limits.body_octets:
            raise self._too_long()
        if head.expects_continue and head.minor and not wire.buffer:
            await wire.write(CONTINUE)
        reader: BodyReader = ChunkedReader() if length is None else LengthReader(length)
        may_be_long = length is None or length > HELD_LIMIT
        intake = self._intake(may_be_long and self._gate.keeps_body(request()))
        try:
            await self._pour(reader, intake)
        except BaseException:
            intake.abandon()
            raise
        return intake.finish(), reader.trailers

    async def _pour(self, reader: BodyReader, intake: BodyIntake) -> None:
        wire, limits, size = self._wire, self._limits, 0
        ends_at = wire.now + limits.body_seconds
        while True:
            piece = reader.take(wire.buffer)
            size += len(piece)
            if size > limits.body_octets:
                raise self._too_long()
            if piece:
                intake.write(piece)
            if reader.done:
                return
            if wire.ended:
                raise Refused(400, f"the client went away after {size} octets of the request's body", "truncated")
            await wire.more(min(limits.body_stall_seconds, ends_at - wire.now))
            if wire.late:
                raise Refused(408, f"the client fell silent after {size} octets of the request's body", "truncated")

    def _too_long(self) -> Refused:
        most = self._limits.body_octets
        return Refused(413, f"the request's body is longer than the {most} octets that are read", "oversized")
