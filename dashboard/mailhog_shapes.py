"""Shapes: a mail as the JSON that MailHog's API has of it. Bodies are as they were sent: MailHog decodes nothing."""

from typing import Any

from dashboard.mailpit_mail import OneMail
from dashboard.mailpit_shapes import moment
from ledger.mime_budget import DEFAULT
from ledger.mime_head import Head, read_head, read_parameters

DEPTH = 10
PARTS = 200
"""Parts of one level that are shown."""


def item(mail: OneMail) -> dict[str, Any]:
    """One of `items`."""
    session = mail.stored.session
    sender = str(session.get("sender", "")) if session else str(mail.stored.capture.facts.get("from") or "")
    content, parts = _content(mail.raw, mail.head, DEPTH)
    content["Headers"].setdefault("Return-Path", [f"<{sender}>"])
    return {
        "ID": mail.stored.id,
        "From": path(sender),
        "To": [path(one) for one in mail.envelope],
        "Content": content,
        "Created": moment(mail.stored.capture.at),
        "MIME": parts,
        "Raw": {
            "From": sender,
            "To": mail.envelope,
            "Data": mail.raw.decode("utf-8", "replace"),
            "Helo": str(session.get("helo", "")) if session else "",
        },
    }


def path(address: str) -> dict[str, Any]:
    """An address in two halves."""
    mailbox, _, domain = address.partition("@")
    return {"Relays": None, "Mailbox": mailbox, "Domain": domain, "Params": ""}


def leaves(raw: bytes, head: Head, depth: int = DEPTH) -> list[tuple[Head, bytes]]:
    """The parts of a mail's own level, still encoded; none of a mail that is not divided."""
    kind, parameters = read_parameters(head.raw("content-type"))
    boundary = parameters.get("boundary", "").encode("utf-8")
    if not kind.startswith("multipart/") or not boundary or depth == 0:
        return []
    parts = [part.removesuffix(b"\r") for part in _between(raw[head.body :], b"\n--" + boundary)]
    return [(read_head(part, 0, len(part), DEFAULT), part) for part in parts]


def _between(body: bytes, delimiter: bytes) -> list[bytes]:
    """What lies between lines that hold the delimiter alone: one boundary may be how another one begins."""
    found: list[bytes] = []
    for piece in (b"\n" + body).split(delimiter)[1:]:
        line, _, rest = piece.partition(b"\n")
        if line.rstrip() == b"--" or len(found) == PARTS:
            break
        if line.strip() and found:
            found[-1] += delimiter + piece
        elif not line.strip():
            found.append(rest)
    return found


def _content(raw: bytes, head: Head, depth: int) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A mail or a part of one, and what it is divided into."""
    fields: dict[str, list[str]] = {}
    for name, value in head.fields:
        fields.setdefault(name, []).append(value.decode("utf-8", "replace"))
    parts = [_part(part, inner, depth - 1) for inner, part in leaves(raw, head, depth)]
    body = raw[head.body :].decode("utf-8", "replace")
    content = {"Headers": fields, "Body": body, "Size": len(raw), "MIME": None}
    return content, {"Parts": parts} if parts else None


def _part(raw: bytes, head: Head, depth: int) -> dict[str, Any]:
    content, parts = _content(raw, head, depth)
    return {**content, "MIME": parts}
