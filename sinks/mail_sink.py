"""MailSink: how a mail is answered that stays here. What may leave is answered by the relay."""

from ledger.reply import Reply
from policies.mail import Mail
from sinks.passage import Passage

OVERSIZE = b"5.3.4 The message is larger than the limit; nothing of it but its size is kept"

INCOMPLETE = "incomplete"
"""The flag of a mail whose client went away before its end."""
_CUT_OFF = b"4.4.2 The client went away before the end of the message; it was told nothing"


class MailSink:
    """The mail server every mail is told it has reached. Dials nothing."""

    async def answer(self, passage: Passage) -> Reply:
        """As `at_once`."""
        return self.at_once(passage)

    def at_once(self, passage: Passage) -> Reply:
        """250 in the form Postfix gives; 554 with the decision's reason for a mail that policy denies."""
        flags = passage.seen.flags if isinstance(passage.seen, Mail) else ()
        if flags and "oversize" in flags:
            return Reply(fidelity="refused", status=552, body=OVERSIZE)
        if flags and INCOMPLETE in flags:
            return Reply(fidelity="refused", status=451, body=_CUT_OFF)
        if passage.decision.verdict == "deny":
            return Reply(fidelity="refused", status=554, body=f"5.7.1 {passage.decision.reason}".encode())
        return Reply(fidelity="shaped", status=250, body=f"2.0.0 Ok: queued as {passage.capture_id}".encode("ascii"))
