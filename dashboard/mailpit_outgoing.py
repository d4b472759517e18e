"""Outgoing: a mail as `POST /api/v1/send` describes it, made into octets and an envelope. Sends nothing."""

import base64
import binascii
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Any

import re2

from dashboard.problem import Problem

_ADDRESS = re2.compile(r"^[^\s<>,;:\"()@\\\x00-\x1f\x7f]{1,64}@[^\s<>,;:\"()@\\\x00-\x1f\x7f]{1,190}$")
_NAME = re2.compile(r"^[A-Za-z0-9-]{1,100}$")
_OWN = frozenset(
    {"to", "from", "cc", "bcc", "reply-to", "date", "subject", "content-type", "mime-version", "x-tags"}
    | {"content-transfer-encoding"}
)
_PEOPLE = ("To", "Cc", "ReplyTo")


def outgoing(body: dict[str, Any]) -> tuple[str, list[str], bytes]:
    """The envelope's sender and recipients, and the mail. Raises Problem for what cannot be one."""
    message = EmailMessage(policy=SMTP)
    sender = _person(body.get("from"), "From")
    people = {name: [_person(one, name) for one in _list(body, name)] for name in _PEOPLE}
    blind = [_person({"Email": one}, "Bcc") for one in _list(body, "Bcc")]
    try:
        _write_head(message, body, sender, people)
        _write_content(message, body)
        octets = message.as_bytes()
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Problem(400, f"No mail can be made of this: {error}.") from error
    recipients = [address for _, address in (*people["To"], *people["Cc"], *blind)]
    if not recipients:
        raise Problem(400, "To: a mail needs somebody it goes to.", parameter="To")
    return sender[1], list(dict.fromkeys(recipients)), octets


def _write_head(message: EmailMessage, body: dict[str, Any], sender: Any, people: dict[str, Any]) -> None:
    message["From"] = _shown([sender])
    for name, field in (("To", "To"), ("Cc", "Cc"), ("ReplyTo", "Reply-To")):
        if people[name]:
            message[field] = _shown(people[name])
    message["Subject"] = _text(body, "subject")
    message["Date"] = formatdate()
    extra = body.get("headers") or {}
    if not isinstance(extra, dict):
        raise ValueError(f"Headers: {str(extra)[:200]!r} are not names with values")  # noqa: TRY004 - the sender's mistake, not ours
    for name, value in extra.items():
        if not _NAME.match(str(name)) or str(name).lower() in _OWN:
            raise ValueError(f"the header {str(name)[:100]!r} cannot be set")
        message[str(name)] = str(value)
    if "message-id" not in {str(name).lower() for name in extra}:
        message["Message-ID"] = make_msgid(domain="soundstage.invalid")


def _write_content(message: EmailMessage, body: dict[str, Any]) -> None:
    text, html = _text(body, "text"), _text(body, "html")
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for one in _list(body, "Attachments"):
        _attach(message, _lower(one))


def _attach(message: EmailMessage, fields: dict[str, Any]) -> None:
    kind, _, sub = (_text(fields, "contenttype") or "application/octet-stream").partition("/")
    content_id = _text(fields, "contentid")
    message.add_attachment(
        _octets(_text(fields, "content")),
        maintype=kind,
        subtype=sub.partition(";")[0].strip() or "octet-stream",
        filename=_text(fields, "filename"),
        disposition="inline" if content_id else "attachment",
        cid=f"<{content_id}>" if content_id else None,
    )


def _person(value: Any, name: str) -> tuple[str, str]:
    """Name and address."""
    fields = _lower(value) if isinstance(value, dict) else {}
    address = fields.get("email")
    if not isinstance(address, str) or not _ADDRESS.match(address):
        raise Problem(400, f"{name}: {str(address)[:200]!r} is no mail address.", parameter=name)
    shown = fields.get("name") or ""
    return " ".join(str(shown).split())[:200], address


def _shown(people: list[tuple[str, str]]) -> str:
    return ", ".join(f"{_quoted(name)}<{address}>" for name, address in people)


def _quoted(name: str) -> str:
    plain = name.replace("\\", "").replace('"', "'")
    return f'"{plain}" ' if plain else ""


def _list(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name.lower()) or []
    if not isinstance(value, list) or len(value) > 100:
        raise Problem(400, f"{name}: {str(value)[:200]!r} is no list of at most 100.", parameter=name)
    return value


def _lower(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{str(value)[:200]!r} is no object")  # noqa: TRY004 - the sender's mistake, not ours
    return {str(name).lower(): one for name, one in value.items()}


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise ValueError(f"{name}: {str(value)[:200]!r} is no text")  # noqa: TRY004 - the sender's mistake, not ours
    return value


def _octets(content: str) -> bytes:
    """Base64, also as browsers read files: `data:image/png;base64,...`."""
    try:
        return base64.b64decode(content.rpartition(",")[2], validate=True)
    except binascii.Error as error:
        raise ValueError(f"an attachment's content is no base64: {error}") from error
