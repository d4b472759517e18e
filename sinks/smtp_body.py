"""IncomingBody: one mail's octets on their way from DATA into the ledger's keeping, at flat memory."""

from collections.abc import Callable
from typing import Protocol

from ledger.trouble import LedgerUnavailable
from policies.body import Body
from sinks.smtp_data import SmtpData

HEAD_OCTETS = 65536


class Intake(Protocol):
    """Where octets are kept while they arrive (the ledger's `BodyIntake`). Each call may raise LedgerUnavailable."""

    def write(self, chunk: bytes) -> None: ...

    def finish(self) -> Body: ...

    def abandon(self) -> None: ...


class IncomingBody:
    """Feeds what DATA decodes to an intake. Where that fails the message is read to its end, then refused."""

    def __init__(self, limit: int, intakes: Callable[[], Intake]) -> None:
        self._data = SmtpData(limit, self._write)
        self._trouble: LedgerUnavailable | None = None
        self._intake: Intake | None = None
        self.head = b""
        """The first octets, for a body that will not be held in memory."""
        try:
            self._intake = intakes()
        except LedgerUnavailable as error:
            self._trouble = error

    @property
    def flags(self) -> tuple[str, ...]:
        return self._data.flags

    def feed(self, chunk: bytes) -> bytes | None:
        """As `SmtpData.feed`."""
        return self._data.feed(chunk)

    def finish(self) -> Body:
        """The whole body. Of one beyond the limit only the size is known. Raises LedgerUnavailable."""
        if self._data.oversize:
            self.abandon()
            return Body(None, self._data.size, "")
        if self._intake is None or self._trouble is not None:
            raise self._trouble or LedgerUnavailable("the message was given up")
        intake, self._intake = self._intake, None
        return intake.finish()

    def cut_off(self) -> Body:
        """What came before the client went away. Raises LedgerUnavailable."""
        self._data.give_up()
        return self.finish()

    def abandon(self) -> None:
        """The message will not be finished: what was kept of it is dropped."""
        intake, self._intake = self._intake, None
        if intake is not None:
            intake.abandon()

    def _write(self, octets: bytes) -> None:
        if len(self.head) < HEAD_OCTETS:
            self.head += octets[: HEAD_OCTETS - len(self.head)]
        if self._intake is None:
            return
        try:
            self._intake.write(octets)
        except LedgerUnavailable as error:
            self._trouble = error
            self.abandon()
