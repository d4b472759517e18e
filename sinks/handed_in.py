"""HandedIn: a mail that a program handed to the API, sent on by the one way every mail goes.

Policy decides, the capture is durable first, and what may leave leaves by the relay: as if it had come over SMTP.
"""

from collections.abc import Sequence
from typing import Any

from ledger.reader import Reader
from ledger.trouble import LedgerUnavailable
from policies.body import Body
from policies.glob import plain_address
from policies.mail import Mail
from sinks.gate import NotReady
from sinks.release import Delivery, checked, told_of

HANDED_IN = "handed_in"
"""The flag of a mail that came by the API."""


class HandedIn:
    """Makes a `Mail` of octets and an envelope."""

    def __init__(self, delivery: Delivery, reader: Reader) -> None:
        self._delivery = delivery
        self._reader = reader

    async def hand_in(self, sender: str, to: Sequence[str], octets: bytes, source: str) -> dict[str, Any]:
        """What became of it, as `Release.release` tells. ValueError, a whole sentence, where it cannot be tried."""
        if not plain_address(sender):
            raise ValueError(f"{sender[:200]!a} is not a plain mail address.")
        mail = Mail(sender, checked(to), Body.of(octets), source, "smtp", 25, flags=(HANDED_IN,))
        try:
            outcome = await self._delivery.pass_on(mail)
        except (LedgerUnavailable, NotReady) as error:
            raise ValueError(f"It was not sent: {error}.") from error
        made = await self._reader.aside(self._reader.get, outcome.capture_id)
        return told_of(outcome, None if made is None else made.capture)
