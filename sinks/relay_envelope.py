"""What a mail may say to a relay: checks and parameters of its envelope. Pure.

A relay that reads an address or a line end in another way than we did would deliver to somebody nobody opted in.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from policies.mail import Mail
from policies.mail_fields import ADDRESSING, field_named
from sinks.relay_return import WouldReach, asks_for_answers

_DOMAIN = re.compile(r"(?:[^\W_]|[.-]){1,255}|\[[0-9A-Fa-f.:IPv]{2,60}\]")
_ROUTING = frozenset('%!@:,"\\;<>()')
_DEVIATIONS = frozenset("\u00df\u1e9e\u03c2")
"""Sharp s and final sigma, which IDNA 2003 reads as other letters and IDNA 2008 does not (UTS 46, 7): a relay may take
a domain that has one for another."""
PORTS = {"smtp": 25, "smtps": 465}
_ADDRESSING = re.compile(field_named(ADDRESSING), re.IGNORECASE)


class NotRelayed(Exception):
    """This mail is not sent by this relay. `status` and the message are the reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def read_via(via: str | None) -> tuple[str, str, int]:
    """`smtp://relay.internal:25` as scheme, host and port. Raises NotRelayed."""
    try:
        url = urlsplit(via or "")
        port = url.port or PORTS[url.scheme]
    except (ValueError, KeyError):
        raise NotRelayed(451, f"4.3.5 The opt-in's via is no smtp:// or smtps:// URL: {via}") from None
    if not url.hostname or url.username is not None:
        raise NotRelayed(451, "4.3.5 The opt-in's via needs a host and may hold no credentials")
    return url.scheme, url.hostname, port


def check(mail: Mail, reach: WouldReach) -> None:
    """Raises NotRelayed for a mail that could reach others than those it was judged by."""
    if "bare_newline" in mail.flags:
        raise NotRelayed(554, "5.6.0 The message holds a bare CR or LF, which a relay may take for the end of a line")
    if "nul" in mail.flags:
        # Without it `CRLF NUL . CRLF` ends a mail, and what follows is another one; so is a field of another name.
        raise NotRelayed(554, "5.6.0 The message holds a NUL, which a relay may drop")
    for address in mail.recipients:
        if not is_read_alike(address):
            raise NotRelayed(554, f"5.1.3 A relay may read the address {address} as another one")
    head = _head(mail)
    _check_recipients(head)
    field = asks_for_answers(head, lambda address: is_read_alike(address) and reach(address))
    if field is not None:
        raise NotRelayed(554, f"5.7.1 The message's field {field} asks for answers to somebody who is not opted in")


def is_read_alike(address: str) -> bool:
    """Whether every server takes this address for the same one."""
    local, _, domain = address.rpartition("@")
    told = bool(local) and _ROUTING.isdisjoint(local) and _DEVIATIONS.isdisjoint(domain)
    return told and _DOMAIN.fullmatch(domain) is not None


def _head(mail: Mail) -> bytes:
    seen = mail.head if mail.body.data is None else mail.body.data
    # A reader may skip empty lines before the header, where to others they are its end.
    head, end, _ = seen.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end and mail.body.size > len(seen):
        raise NotRelayed(554, f"5.6.0 The message's header is longer than the {len(seen)} octets that are looked at")
    return head


def _check_recipients(head: bytes) -> None:
    """Some providers' servers add the recipients that a header field names to those of the envelope."""
    found = _ADDRESSING.search(head)
    if found is not None:
        name = found[1].decode("ascii")
        raise NotRelayed(554, f"5.7.1 The message's field {name} may name more recipients than its envelope")


def mail_command(mail: Mail, offers: Mapping[str, str], ascii_content: bool) -> str:
    """The MAIL line with the parameters that the relay offers. Raises NotRelayed where it lacks one that is needed."""
    line = f"MAIL FROM:<{mail.sender}>"
    if "SIZE" in offers:
        line += f" SIZE={mail.body.size}"
    if not ascii_content:
        if "8BITMIME" not in offers:
            raise NotRelayed(554, "5.6.3 The relay takes no 8-bit mail, and this one is")
        line += " BODY=8BITMIME"
    named = "".join((mail.sender, *mail.recipients))
    asked = any(option.upper() == "SMTPUTF8" for option in mail.sender_options)
    if not named.isascii() and "SMTPUTF8" not in offers:
        raise NotRelayed(553, "5.6.7 The relay takes no addresses beyond ASCII")
    if "SMTPUTF8" in offers and (asked or not named.isascii()):
        line += " SMTPUTF8"
    return line


def rcpt_commands(mail: Mail, offers: Mapping[str, str]) -> list[str]:
    """One RCPT line a recipient of the envelope, and no other.

    A delivery report is a mail to the sender, whom nobody opted in: what the client asked for (RFC 3461) is not passed
    on, and a relay that knows such wishes is asked for none, not even of a failure.
    """
    wish = " NOTIFY=NEVER" if "DSN" in offers else ""
    return [f"RCPT TO:<{address}>{wish}" for address in mail.recipients]
