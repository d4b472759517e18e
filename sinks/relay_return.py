"""Return: to whom a relay, and whoever has a mail after it, may write of itself. Pure.

A bounce or an automatic reply goes to the envelope's sender (RFC 5321, 6.1; RFC 3834, 4), a receipt to whom a field of
the header names. Nobody asked the policy about those: they get nothing unless a mail to them would leave by itself.
"""

from collections.abc import Callable

from policies.mail import Mail
from policies.mail_fields import asked_addresses

WouldReach = Callable[[str], bool]
"""Whether a mail to this one address would leave, by the same relay."""
NULL_SENDER = "<>"
"""As captures show it (RFC 5321, 4.5.5)."""


def sender_for(mail: Mail, reach: WouldReach) -> str:
    """The envelope sender the relay is told: the mail's own where it is opted in itself, else the null sender."""
    return mail.sender if mail.sender and reach(mail.sender) else ""


def asks_for_answers(head: bytes, reach: WouldReach) -> str | None:
    """The name of a field of this header by which somebody would be written to who is not opted in, or None."""
    for name, asked in asked_addresses(head):
        if not all(address is not None and (not address or reach(address)) for address in asked):
            return name
    return None
