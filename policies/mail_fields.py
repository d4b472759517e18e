"""MailFields: header fields by which a mail says who is written to, whoever its envelope names. Pure.

As the most lenient reader has them: what one server takes for a field, another for none, must not be overlooked.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from policies.expression_collections import aslist
from policies.glob import plain_address

ASKING = (
    "Disposition-Notification-To|Errors-To|Generate-Delivery-Report|Read-Receipt-To|"
    "Registered-Mail-Reply-Requested-By|Return-Path|Return-Receipt-To|X-Confirm-Reading-To"
)
"""Fields that servers and mail programs take for a wish to be written to. Of RFC 8098, RFC 2076 and old sendmail."""
ADDRESSING = "X-SMTPAPI|X-MC-BccAddress|X-MSYS-API"
"""Recipients by header field: SendGrid's `to`, Mandrill's blind copy, SparkPost's `cc`, `bcc` and `archive`."""
_VALUE = rb"([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)"


def field_named(names: str) -> bytes:
    """A pattern (of RE, its one group the name) for a header field, up to its colon, as the most lenient reader has it:
    some drop what stands around a name and is no part of one, or fold lines before they look for the colon."""
    return rb"(?:\A|\n)[^!-~\n]*(" + names.encode() + rb")[^!-~]*:"


_REACHING = f"(?:Resent-)?(?:To|Cc|Bcc)|{ADDRESSING}|X-SES-LIST-MANAGEMENT-OPTIONS"
_REACHED = re.compile(field_named(_REACHING) + _VALUE, re.IGNORECASE)
_ASKED = re.compile(field_named(ASKING) + _VALUE, re.IGNORECASE)
_ASKED_OR_SENT = re.compile(field_named(f"{ASKING}|From|Sender") + _VALUE, re.IGNORECASE)
_EITHER = re.compile(rf"[^!-~]*(?:{ASKING}|{_REACHING})[^!-~]*", re.IGNORECASE)
_PLAIN = r"[^<>\s\",;:()\\]"
_NAMED = re.compile(rf'(?:[^<>@",;:()\\]*|\s*"[^<>@",;:()\\]*"\s*)<({_PLAIN}*)>\s*|\s*({_PLAIN}+)\s*')


def asked_addresses(head: bytes, fields: re.Pattern[bytes] = _ASKED) -> Iterator[tuple[str, list[str | None]]]:
    """Of each field that asks for answers its name and the addresses; None for one that cannot be read for certain."""
    for found in fields.finditer(head):
        yield found[1].decode("ascii"), list(_addresses(found[2].decode("utf-8", "replace")))


def mail_beyond(raw: Any, envelope: Any) -> bool:
    """Whether a mail in base64 may reach somebody by its header whom its envelope (a list) does not name."""
    mail = _mail(raw)
    if mail is None or not isinstance(envelope, list):
        return True
    reached = {_plain(item) for item in envelope if isinstance(item, str)} - {None}
    named = (_addresses(found[2].decode("utf-8", "replace")) for found in _REACHED.finditer(_head(mail)))
    return any(address is None or plain_address(address) not in reached for each in named for address in each)


def mail_asks(raw: Any, sender: Any = False) -> list[str]:
    """The addresses that header fields of a mail in base64 ask to be written to; '' where they cannot be told.

    `sender`: and who it is from, for nothing else says where a bounce goes.
    """
    mail = _mail(raw)
    if mail is None:
        return [""]
    named = asked_addresses(_head(mail), _ASKED_OR_SENT if sender else _ASKED)
    return [address or "" for _, asked in named for address in asked if address != ""]


def fields_ask(fields: Any) -> list[str]:
    """The same of header fields beside a mail: objects of them, or objects with the `Name` and `Value` of one each."""
    asked: list[str] = []
    for name, value in _pairs(fields):
        if not isinstance(name, str) or not isinstance(value, str) or _BREAK.search(name + value):
            asked.append("")
        elif _EITHER.fullmatch(name):
            asked += [address or "" for address in _addresses(value) if address != ""]
    return asked


_BREAK = re.compile(r"[\r\n\0]")


def _pairs(fields: Any) -> Iterator[tuple[Any, Any]]:
    for item in aslist(fields):
        if not isinstance(item, dict):
            yield None, None
            continue
        yield from item.items()
        if "Name" in item or "Value" in item:
            yield item.get("Name"), item.get("Value")


def _mail(raw: Any) -> bytes | None:
    """What base64 stands for, where no two readers differ in that."""
    if not isinstance(raw, str) or not raw.isascii():
        return None
    compact = re.sub(r"[\r\n \t]", "", raw).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _head(mail: bytes) -> bytes:
    """Up to the end of the header that comes last: what one reader takes for the mail, another may take for fields."""
    head, end, _ = mail.lstrip(b"\r\n").partition(b"\r\n\r\n")
    head = head if end else head.partition(b"\n\n")[0]
    return head.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b"")


def _plain(text: str) -> str | None:
    (address, *others) = list(_addresses(text)) or [None]
    return plain_address(address) if address and not others else None


def _addresses(text: str) -> Iterator[str | None]:
    """Each address in a field's value, empty for `<>`; None for what another reader may take for another address."""
    for part in text.split(","):
        found = _NAMED.fullmatch(part)
        yield None if found is None else found[1] if found[1] is not None else found[2]
