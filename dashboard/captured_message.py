"""A capture with everything kept of it, decoded for people and programs. Fetches nothing."""

from typing import Any

from dashboard.called_attachments import called_files
from dashboard.called_mail import called_mail
from dashboard.readable_body import readable
from ledger.mime import Part, ReadMessage, read_message
from ledger.mime_codes import codes_of
from ledger.mime_links import links_of, text_of_html
from ledger.stored import StoredCapture

MAIL_PROTOCOLS = frozenset({"smtp", "smtps"})
_TEXTS = ("text", "body", "message", "content", "preview")


def is_mail(shown: dict[str, Any]) -> bool:
    """Whether `/raw` is a mail as sent over SMTP (a mail handed to a provider's API is an API call)."""
    return shown["protocol"] in MAIL_PROTOCOLS and shown["channel"] == "email"


def detail(stored: StoredCapture, raw: bytes | None) -> dict[str, Any]:
    """`GET /api/captures/{id}`."""
    shown = stored.as_contract()
    shown["query"] = stored.query
    shown["headers"] = [list(pair) for pair in stored.request_headers]
    shown["reply_headers"] = [list(pair) for pair in stored.reply_headers]
    shown["reply_body"] = readable(stored.reply_body, header_of(stored.reply_headers, "content-type"))
    if stored.session:
        shown["session"] = dict(stored.session)
    if raw is not None and is_mail(shown):
        shown.update(mail_detail(read_message(raw)))
    else:
        shown["body"] = readable(raw or b"", shown["payload"]["content_type"])
        if shown["channel"] == "email" and not is_mail(shown):
            shown.update(called_detail(shown, raw or b""))
    return shown


def called_detail(shown: dict[str, Any], raw: bytes, otherwise: str | None = None) -> dict[str, Any]:
    """What a message handed to a provider's API says to its reader. `otherwise`: its text where none is known.

    Of files only those that are found: providers take them in too many ways for "it has none" to be said.
    """
    facts, kind = shown["facts"], shown["payload"]["content_type"]
    called = called_mail(raw, kind) if shown["channel"] == "email" else {}
    html = called.get("html") or (facts["html"] if isinstance(facts.get("html"), str) else None)
    known = None if html else next((str(facts[name]) for name in _TEXTS if facts.get(name)), otherwise)
    text = called.get("text") or known
    links, codes = links_of(text or "", html or ""), codes_of(text or text_of_html(html or ""))
    told = {"html": html, "text": text, "links": list(links), "codes": list(codes)}
    files = called_files(raw, kind).parts if shown["channel"] == "email" else ()
    return {**told, **files_shown(files)} if files else told


def files_of(shown: dict[str, Any], raw: bytes) -> tuple[Part, ...]:
    """What is behind `parts`, by its number: a mail's own parts, or the files of one handed to a provider's API."""
    if is_mail(shown):
        return read_message(raw).parts
    return called_files(raw, shown["payload"]["content_type"]).parts if shown["channel"] == "email" else ()


def files_shown(parts: tuple[Part, ...]) -> dict[str, Any]:
    """`parts` and, of these, `attachments`."""
    return {
        "parts": [part_shown(part) for part in parts],
        "attachments": [part_shown(part) for part in parts if not part.inline],
    }


def mail_detail(message: ReadMessage) -> dict[str, Any]:
    """What a mail adds. A mail's own header fields replace those of the conversation, of which SMTP has none."""
    return {
        "headers": [list(pair) for pair in message.headers],
        "html": message.html or None,
        "text": message.text or None,
        "links": list(message.links),
        "codes": list(message.codes),
        **files_shown(message.parts),
    }


def part_shown(part: Part) -> dict[str, Any]:
    return {
        "n": part.index,
        "content_type": part.content_type,
        "filename": part.filename,
        "size": part.size,
        "sha256": part.sha256,
        "content_id": part.content_id,
        "inline": part.inline,
    }


def header_of(headers: Any, name: str) -> str | None:
    return next((value for field, value in headers if field.lower() == name), None)
