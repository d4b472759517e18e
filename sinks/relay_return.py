"""Return: to whom a relay, and whoever has a mail after it, may write of itself. Pure.

A bounce or an automatic reply goes to the envelope's sender (RFC 5321, 6.1; RFC 3834, 4), a receipt to whom a field of
the header names. Nobody asked the policy about those: they get nothing unless a mail to them would leave by itself.
"""

import re
from collections.abc import Callable, Iterator

from policies.mail import Mail

WouldReach = Callable[[str], bool]
"""Whether a mail to this one address would leave, by the same relay."""
NULL_SENDER = "<>"
"""As captures show it (RFC 5321, 4.5.5)."""
ASKING = (
    "Disposition-Notification-To|Errors-To|Generate-Delivery-Report|Read-Receipt-To|"
    "Registered-Mail-Reply-Requested-By|Return-Path|Return-Receipt-To|X-Confirm-Reading-To"
)
"""Fields that servers and mail programs take for a wish to be written to. Of RFC 8098, RFC 2076 and old sendmail."""


def field_named(names: str) -> bytes:
    """A pattern (of RE, its one group the name) for a header field, up to its colon, as the most lenient reader has it:
    some drop what stands around a name and is no part of one, or fold lines before they look for the colon."""
    return rb"(?:\A|\n)[^!-~\n]*(" + names.encode() + rb")[^!-~]*:"


_FIELD = re.compile(field_named(ASKING) + rb"([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE)
_PLAIN = r"[^<>\s\",;:()\\]"
_NAMED = re.compile(rf'(?:[^<>@",;:()\\]*|\s*"[^<>@",;:()\\]*"\s*)<({_PLAIN}*)>\s*|\s*({_PLAIN}+)\s*')


def sender_for(mail: Mail, reach: WouldReach) -> str:
    """The envelope sender the relay is told: the mail's own where it is opted in itself, else the null sender."""
    return mail.sender if mail.sender and reach(mail.sender) else ""


def asks_for_answers(head: bytes, reach: WouldReach) -> str | None:
    """The name of a field of this header by which somebody would be written to who is not opted in, or None."""
    for found in _FIELD.finditer(head):
        named = list(_addresses(found[2].decode("utf-8", "replace")))
        if not all(address is not None and (not address or reach(address)) for address in named):
            return found[1].decode("ascii")
    return None


def _addresses(text: str) -> Iterator[str | None]:
    """Each address in a field's value, empty for `<>`; None for what another reader may take for another address."""
    for part in text.split(","):
        found = _NAMED.fullmatch(part)
        yield None if found is None else found[1] if found[1] is not None else found[2]
