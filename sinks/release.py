"""Release: a captured mail sent to a real mailbox because somebody asked, by the one way every mail goes.

It is a new mail through the gate: policy decides, the capture is durable first, the relay dials with a ticket. Nothing
here can let anything out that the same bytes, handed in over SMTP, would not be let out.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ledger.capture import Capture
from ledger.reader import Reader
from ledger.stored import StoredCapture
from ledger.trouble import LedgerUnavailable
from policies.body import Body
from policies.glob import plain_address
from policies.mail import Mail
from sinks.gate import NotReady
from sinks.mail_sink import INCOMPLETE
from sinks.passage import Outcome
from sinks.smtp_body import HEAD_OCTETS, Intake
from sinks.smtp_mail import EIGHT_BIT_PROMISED

RECIPIENTS_LIMIT = 50
ADDRESS_OCTETS = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""
RELEASED = "released"
"""The flag of a mail that a person sent on, not the environment."""
_OF_THE_OCTETS = ("line_too_long", "nul", "eight_bit", "bare_newline", "malformed")


class Delivery(Protocol):
    """A whole mail through the gate and, where it may leave, to its relay (`sinks.smtp_delivery`)."""

    async def pass_on(self, mail: Mail) -> Outcome: ...


class Release:
    """Takes a mail out of the ledger and hands it to the gate once more, under another envelope."""

    def __init__(self, delivery: Delivery, reader: Reader, intakes: Callable[[], Intake]) -> None:
        self._delivery = delivery
        self._reader = reader
        self._intakes = intakes

    async def release(self, capture_id: str, to: Sequence[str], source: str) -> dict[str, Any]:
        """What became of it: `{"capture", "verdict", "rule", "reason", "left", "status"}` of the new capture.

        ValueError, a whole sentence, where it cannot be tried; nothing was sent then.
        """
        recipients = checked(to)
        stored = await self._reader.aside(self._reader.get, capture_id)
        if stored is None:
            raise ValueError(f"There is no capture {capture_id[:200]!r}.")
        mail = await asyncio.to_thread(self._mail, stored, recipients, source)
        try:
            outcome = await self._delivery.pass_on(mail)
        except (LedgerUnavailable, NotReady) as error:
            raise ValueError(f"It was not sent: {error}.") from error
        finally:
            if mail.body.path is not None:
                mail.body.path.unlink(missing_ok=True)  # gone already where the ledger has adopted it
        made = await self._reader.aside(self._reader.get, outcome.capture_id)
        return told_of(outcome, None if made is None else made.capture)

    def _mail(self, stored: StoredCapture, recipients: tuple[str, ...], source: str) -> Mail:
        effect, session = stored.capture.effect, stored.session
        if effect.protocol not in ("smtp", "smtps"):
            raise ValueError("Only mails that came over SMTP can be released: this is a call to a provider's API.")
        if INCOMPLETE in stored.capture.flags:
            raise ValueError("This mail was cut off before its end, so nobody has sent it and it cannot be released.")
        options = tuple(one for one in session.get("sender_options", ()) if one.upper() in EIGHT_BIT_PROMISED)
        head, body = self._body(stored)
        return Mail(
            sender=str(session.get("sender", "")),
            recipients=recipients,
            body=body,
            source=source,
            protocol=effect.protocol,
            port=effect.target.port,
            sender_options=options,
            transcript=f"Released from capture {stored.id} by somebody at {source}.",
            head=head if body.data is None else b"",
            flags=(*(flag for flag in effect.flags if flag in _OF_THE_OCTETS), RELEASED),
        )

    def _body(self, stored: StoredCapture) -> tuple[bytes, Body]:
        """A copy of its octets, as if they had just arrived."""
        chunks = self._reader.raw_chunks(stored.id)
        if chunks is None:
            raise ValueError("Of this mail only digest and size were kept, so it cannot be released.")
        intake, head = self._intakes(), b""
        try:
            for chunk in chunks:
                head += chunk[: HEAD_OCTETS - len(head)]
                intake.write(chunk)
            return head, intake.finish()
        except BaseException:
            intake.abandon()
            raise


def checked(to: Sequence[str]) -> tuple[str, ...]:
    """The recipients, each a plain address that no server can read as anything else. ValueError where one is not."""
    recipients = tuple(dict.fromkeys(to))
    if not 1 <= len(recipients) <= RECIPIENTS_LIMIT:
        raise ValueError(f"A mail is released to between 1 and {RECIPIENTS_LIMIT} recipients, not {len(recipients)}.")
    for address in recipients:
        if "@" not in address or len(address.encode("utf-8", "replace")) > ADDRESS_OCTETS or not plain_address(address):
            raise ValueError(f"{address[:200]!a} is not a plain mail address.")
    return recipients


def told_of(outcome: Outcome, made: Capture | None) -> dict[str, Any]:
    """What whoever asked for a mail to be sent is told became of it, and of the capture made of it."""
    decision = outcome.decision
    return {
        "capture": outcome.capture_id,
        "verdict": decision.verdict,
        "rule": decision.rule,
        "reason": decision.reason,
        # What cannot be read back may have left.
        "left": decision.leaves if made is None else made.left,
        "status": None if made is None else made.reply.status,
    }
