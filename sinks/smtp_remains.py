"""SmtpRemains: what is recorded of a client that went away before it was done. Nobody is answered, nothing leaves."""

import logging
from collections.abc import Callable
from dataclasses import replace

from ledger.trouble import LedgerUnavailable
from sinks.gate import NotReady
from sinks.mail_sink import INCOMPLETE
from sinks.passage import Departure, Seen
from sinks.smtp_body import IncomingBody
from sinks.smtp_delivery import MailOf, Taker

LOG = logging.getLogger(__name__)


class SmtpRemains:
    """Never raises: there is nobody left to refuse."""

    def __init__(self, gate: Taker) -> None:
        self._gate = gate

    async def keep_mail(self, incoming: IncomingBody, mail_of: MailOf, lost: Callable[[str], None]) -> None:
        """Record a mail that was cut off: its client was told nothing, so nobody takes it for delivered.

        `lost` is told where the gate could not even be asked, which tells its run of what it refuses.
        """
        if not incoming.head:
            incoming.abandon()
            return
        try:
            mail = mail_of(incoming.cut_off(), incoming)
        except LedgerUnavailable as error:
            LOG.warning("a mail that was cut off could not be recorded: %s", error)
            lost("it was cut off, and could not be kept")
            return
        kept = await self.keep(replace(mail, flags=(*mail.flags, INCOMPLETE)))
        if not kept and mail.body.path is not None:
            mail.body.path.unlink(missing_ok=True)

    async def keep(self, seen: Seen) -> bool:
        """Whether it is on record. What policy would let go has not gone."""
        try:
            outcome = await self._gate.take(seen)
            if isinstance(outcome, Departure):
                await outcome.settle(False, None)
        except (LedgerUnavailable, NotReady) as error:
            LOG.warning("what an SMTP client began could not be recorded: %s", error)
        except Exception:
            LOG.exception("what an SMTP client began could not be recorded")
        else:
            return True
        return False
