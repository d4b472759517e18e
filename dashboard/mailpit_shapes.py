"""Shapes: a mail as the JSON that Mailpit's API has of it, field by field. Where what is said comes from: `OneMail`."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import re2

from dashboard.mailpit_mail import OneMail
from ledger.labels import READ
from ledger.mime import Part

_LINK = re2.compile(r"<\s*((?:https?://|mailto:)[^<>\s]+)\s*>")


def in_list(mail: OneMail, labels: Sequence[str]) -> dict[str, Any]:
    """One of `messages` (Mailpit's MessageSummary)."""
    return {
        **_common(mail, labels),
        "Read": READ in labels,
        "Created": moment(mail.stored.capture.at),
        "Attachments": len(mail.attachments),
        "Snippet": mail.snippet,
    }


def alone(mail: OneMail, labels: Sequence[str]) -> dict[str, Any]:
    """A mail that was asked for by its id (Mailpit's Message, with the `Read` that older ones told)."""
    return {
        **_common(mail, labels),
        "Read": True,
        "ReturnPath": mail.return_path,
        "Date": moment(mail.date, mail.date),
        "ListUnsubscribe": _unsubscribe(mail),
        "Text": mail.text,
        "HTML": mail.html,
        "Inline": [_part(number, part) for number, part in mail.inline],
        "Attachments": [_part(number, part) for number, part in mail.attachments],
    }


def headers(mail: OneMail) -> dict[str, list[str]]:
    """Every field by its name in Go's spelling (`Message-Id`), values as they were sent."""
    found: dict[str, list[str]] = {}
    for name, value in mail.head.fields:
        text = value.decode("utf-8", "replace")
        found.setdefault("-".join(word.capitalize() for word in name.split("-")), []).append(text)
    return dict(sorted(found.items()))


def moment(at: datetime, zone: datetime | None = None) -> str:
    """RFC 3339 with milliseconds, in UTC or in the zone of another moment."""
    if zone is not None and zone.utcoffset():
        return at.isoformat(timespec="seconds")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _common(mail: OneMail, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "ID": mail.stored.id,
        "MessageID": mail.message_id,
        "From": mail.sender,
        "To": mail.to,
        "Cc": mail.cc,
        "Bcc": mail.bcc,
        "ReplyTo": mail.reply_to,
        "Subject": mail.subject,
        "Username": mail.username,
        "Tags": [label for label in labels if label != READ],
        "Size": mail.size,
    }


def _part(number: str, part: Part) -> dict[str, Any]:
    return {
        "PartID": number,
        "FileName": part.filename or part.content_id or "",
        "ContentType": part.content_type,
        "ContentID": part.content_id or "",
        "Size": part.size,
        "Checksums": {
            # Old digests, because clients compare them; nothing is trusted for them.
            "MD5": hashlib.md5(part.content, usedforsecurity=False).hexdigest(),
            "SHA1": hashlib.sha1(part.content, usedforsecurity=False).hexdigest(),
            "SHA256": part.sha256,
        },
    }


def _unsubscribe(mail: OneMail) -> dict[str, Any]:
    """RFC 2369 and RFC 8058. The links are read, and nothing follows them."""
    header = mail.head.text("list-unsubscribe")
    links = list(_LINK.findall(header[:8192]))[:100]
    wrong = "no link is named between < and >" if header and not links else ""
    return {"Header": header, "Links": links, "Errors": wrong, "HeaderPost": mail.head.text("list-unsubscribe-post")}
