"""SmtpDelivery: a whole mail through the gate, and out where it may leave, made into the one reply its client gets."""

import logging
from collections.abc import Callable
from typing import BinaryIO, Protocol

from ledger.reply import Reply
from ledger.trouble import CANNOT_RECORD, LedgerUnavailable
from policies.body import Body
from policies.mail import Mail
from sinks.gate import NotReady
from sinks.mail_sink import OVERSIZE
from sinks.passage import Departure, Outcome, Seen
from sinks.smtp_body import IncomingBody, Intake
from sinks.smtp_reply import status_lines, wire

LOG = logging.getLogger(__name__)


class Taker(Protocol):
    """The gate."""

    async def take(self, seen: Seen) -> Outcome: ...


class MailRelay(Protocol):
    """Who carries an opted-in mail out (`sinks.relay.Relay`)."""

    async def deliver(self, departure: Departure, mail: Mail, content: BinaryIO | bytes) -> tuple[bool, Reply]:
        """Whether bytes of it may have left, and what the destination said. Does not raise for what a server does."""
        ...


MailOf = Callable[[Body, IncomingBody], Mail]
"""The mail a body makes with the envelope it came in; of the other its head and its flags are asked."""


class SmtpDelivery:
    """What the connection does not need to know of: ledger, gate, relay. Where one fails, the mail is refused."""

    def __init__(self, gate: Taker, intakes: Callable[[], Intake], relay: MailRelay | None = None) -> None:
        self._gate = gate
        self.intakes = intakes
        self._relay = relay

    async def deliver(self, incoming: IncomingBody, mail_of: MailOf) -> bytes:
        """The reply's octets. 250 only once the capture is durable or the relay has taken the mail."""
        try:
            mail = mail_of(incoming.finish(), incoming)
            if mail.body.path is not None:
                return wire(await self._streamed(mail))
            # Asked from here: whatever hands on to what waits is begun, put aside and woken with every mail.
            outcome = await self._gate.take(mail)
            if isinstance(outcome, Departure):
                return wire(await self._depart(outcome, mail, mail.body.data))
            return wire(outcome.reply)
        except NotReady as error:
            return status_lines(451, f"4.3.0 {error}")
        except LedgerUnavailable as error:
            LOG.warning("a mail was refused: %s", error)
            return status_lines(451, f"4.3.0 {CANNOT_RECORD}")
        except Exception:
            LOG.exception("a mail was refused because taking it failed")
            return status_lines(451, "4.3.0 Soundstage failed to take this mail; its log says why")

    async def pass_on(self, mail: Mail) -> Outcome:
        """The same for a mail that is whole already. Raises what the gate raises; nothing was sent then."""
        return (await self._taken(mail))[0]

    async def _streamed(self, mail: Mail) -> Reply:
        try:
            return (await self._taken(mail))[1]
        except BaseException:
            if mail.body.path is not None:
                mail.body.path.unlink(missing_ok=True)  # nobody adopted it
            raise

    async def _taken(self, mail: Mail) -> tuple[Outcome, Reply]:
        if mail.body.path is None:
            return await self._judged(mail, mail.body.data)
        with mail.body.path.open("rb") as content:
            # The ledger may move a long body's file when it records it; an open file stays readable.
            return await self._judged(mail, content)

    async def _judged(self, mail: Mail, content: BinaryIO | bytes | None) -> tuple[Outcome, Reply]:
        outcome = await self._gate.take(mail)
        if isinstance(outcome, Departure):
            return outcome, await self._depart(outcome, mail, content)
        return outcome, outcome.reply

    async def _depart(self, departure: Departure, mail: Mail, content: BinaryIO | bytes | None) -> Reply:
        left = True
        reply: Reply | None = None
        try:
            left, reply = await self._carry(departure, mail, content)
        finally:
            try:
                await departure.settle(left, reply)
            except LedgerUnavailable:
                # It is recorded as having left already. To answer 451 now would have it sent twice.
                LOG.exception("what became of the mail %s could not be added to its capture", departure.capture_id)
        return reply

    async def _carry(self, departure: Departure, mail: Mail, content: BinaryIO | bytes | None) -> tuple[bool, Reply]:
        if "oversize" in mail.flags:
            return False, Reply(fidelity="refused", status=552, body=OVERSIZE)
        if self._relay is None or content is None:
            return False, Reply(fidelity="refused", status=451, body=b"4.3.5 There is no relay to send this mail by")
        return await self._relay.deliver(departure, mail, content)
