"""IncomingBody: one mail's octets on their way from DATA into the ledger's keeping, at flat memory."""

from collections.abc import Callable
from typing import Protocol

from ledger.trouble import LedgerUnavailable
from policies.body import Body
from sinks.smtp_data import END, LONG, STUFFED, SmtpData, oddities

HEAD_OCTETS = 65536


class Intake(Protocol):
    """Where octets are kept while they arrive (the ledger's `BodyIntake`). Each call may raise LedgerUnavailable."""

    def write(self, chunk: bytes) -> None: ...

    def finish(self) -> Body: ...

    def abandon(self) -> None: ...


class IncomingBody:
    """What DATA brings. A short mail is taken whole: as the digest, the decoder and the keeping of a stream are not
    needed for it then, it costs half. Any other is fed to an intake as it arrives; where that fails, the message is
    read to its end, then refused.
    """

    def __init__(self, limit: int, intakes: Callable[[], Intake]) -> None:
        self._limit = limit
        self._intakes = intakes
        self._held = b""
        """What has come so far of a message that may turn out to be short."""
        self._whole: bytes | None = None
        self._data: SmtpData | None = None
        self._trouble: LedgerUnavailable | None = None
        self._intake: Intake | None = None
        self._head = b""

    @property
    def head(self) -> bytes:
        """The first octets, for a body that will not be held in memory."""
        if self._whole is not None:
            return self._whole[:HEAD_OCTETS]
        self._streaming()
        return self._head

    @property
    def flags(self) -> tuple[str, ...]:
        """As `SmtpData.flags`."""
        if self._whole is not None:
            return oddities(self._whole)
        return () if self._data is None else self._data.flags

    def feed(self, chunk: bytes) -> bytes | None:
        """As `SmtpData.feed`."""
        if self._data is not None:
            return self._data.feed(chunk)
        octets = self._held + chunk
        dot = octets.find(STUFFED) if len(octets) < LONG else 0
        if dot < 0 and octets[:1] != b"." and len(octets) <= self._limit:
            self._held = octets
            return None
        if octets[:1] == b"." or not octets.startswith(END, dot) or dot + 2 > self._limit:
            # A line begins with a dot, or much is to come: it takes more than a look.
            return self._streaming().feed(chunk)
        self._whole = octets[: dot + 2]
        return octets[dot + 5 :]

    def finish(self) -> Body:
        """The whole body. Of one beyond the limit only the size is known. Raises LedgerUnavailable."""
        if self._whole is not None:
            return Body.of(self._whole)
        if self._data is not None and self._data.oversize:
            self.abandon()
            return Body(None, self._data.size, "")
        if self._intake is None or self._trouble is not None:
            raise self._trouble or LedgerUnavailable("the message was given up")
        intake, self._intake = self._intake, None
        return intake.finish()

    def cut_off(self) -> Body:
        """What came before the client went away. Raises LedgerUnavailable."""
        self._streaming().give_up()
        return self.finish()

    def abandon(self) -> None:
        """The message will not be finished: what was kept of it is dropped."""
        intake, self._intake = self._intake, None
        if intake is not None:
            intake.abandon()

    def _streaming(self) -> SmtpData:
        """The decoder, with what was held fed to it: the message is none of the short ones."""
        if self._data is None:
            try:
                self._intake = self._intakes()
            except LedgerUnavailable as error:
                self._trouble = error
            self._data = SmtpData(self._limit, self._write)
            self._data.feed(self._held)
            self._held = b""
        return self._data

    def _write(self, octets: bytes) -> None:
        if len(self._head) < HEAD_OCTETS:
            self._head += octets[: HEAD_OCTETS - len(self._head)]
        if self._intake is None:
            return
        try:
            self._intake.write(octets)
        except LedgerUnavailable as error:
            self._trouble = error
            self.abandon()
