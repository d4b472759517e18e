"""OpenedMessage: one message as the Inbox shows it: envelope, views, attachments, links and codes."""

from dataclasses import dataclass
from typing import Any

from dashboard.captured_message import called_detail, is_mail, mail_detail
from dashboard.look import Row, recipients, row
from dashboard.readable_body import READABLE_LIMIT, readable
from ledger.mime import read_message
from ledger.mime_tree import Node
from ledger.reader import Reader
from ledger.stored import StoredCapture

MESSAGE_CHANNELS = ("email", "sms", "push", "chat")
_LABELS = {
    "html": "HTML", "text": "Text", "headers": "Headers", "raw": "Raw", "parts": "Parts", "links": "Links",
    "session": "Session",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """Everything the message pane needs; `tab` is the view that is open."""

    row: Row
    is_mail: bool
    """Whether it came over SMTP, so that its bytes are a mail."""
    sender: str
    to: str
    header_to: str
    tab: str
    tabs: list[tuple[str, str]]
    text: str | None
    headers: list[list[str]]
    raw: str
    parts: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
    tree: str
    links: list[str]
    codes: list[str]
    session: list[tuple[str, str]]
    transcript: str


def opened(reader: Reader, stored: StoredCapture, tab: str, labels: tuple[str, ...] = ()) -> OpenedMessage:
    """The message in the view asked for, or in its first where that one is not there."""
    shown = stored.as_contract()
    raw = reader.raw(shown["id"]) or b""
    mail = mail_of(raw) if is_mail(shown) else call_of(stored, shown, raw)
    session = dict(stored.session or {})
    transcript = str(session.pop("transcript", "") or "")
    tabs = [(name, label) for name, label in _LABELS.items() if _there(name, mail, raw, session, transcript)]
    names = [name for name, _ in tabs]
    facts = shown["facts"]
    return OpenedMessage(
        row=row(stored, labels),
        is_mail=is_mail(shown),
        sender=str(facts.get("from") or mail.get("sender") or ("" if is_mail(shown) else shown["provider"] or "")),
        to=recipients(facts),
        header_to=_header_to(mail["headers"], facts.get("to") or []) if is_mail(shown) else "",
        tab=tab if tab in names else names[0] if names else "text",
        tabs=tabs,
        text=mail["text"],
        headers=mail["headers"],
        raw=raw[:READABLE_LIMIT].decode("utf-8", "backslashreplace"),
        parts=mail["parts"],
        attachments=mail["attachments"],
        tree=mail["tree"],
        links=mail["links"],
        codes=mail["codes"],
        session=[(name, _said(value)) for name, value in session.items() if value not in (None, "", [], {})],
        transcript=transcript,
    )


def mail_of(raw: bytes) -> dict[str, Any]:
    """A mail as it came over SMTP."""
    message = read_message(raw)
    return {**mail_detail(message), "tree": drawn(message.tree), "sender": message.sender}


def drawn(node: Node, depth: int = 0) -> str:
    """A MIME tree as indented lines. The reader bounds its depth."""
    lines = ["  " * depth + node.content_type]
    return "\n".join([*lines, *(drawn(child, depth + 1) for child in node.children)])


def call_of(stored: StoredCapture, shown: dict[str, Any], raw: bytes) -> dict[str, Any]:
    """A message handed to a provider's API: what its facts know, else the call itself."""
    return {
        "parts": [],
        "attachments": [],
        **called_detail(shown, raw, readable(raw, shown["payload"]["content_type"])),
        "headers": [list(pair) for pair in stored.request_headers],
        "tree": "",
    }


def _there(name: str, mail: dict[str, Any], raw: bytes, session: dict[str, Any], transcript: str) -> bool:
    """Whether a view has anything to show: an empty one is no tab."""
    if name == "raw":
        return bool(raw)
    if name == "session":
        return bool(session or transcript)
    return bool(mail[name])


def _header_to(headers: list[list[str]], envelope: list[str]) -> str:
    """Whom the header names, where that is not whom the envelope does: blind copies, or a list's address."""
    named = [(name, value) for name, value in headers if name.lower() in ("to", "cc", "bcc")]
    written = " ".join(value for _, value in named).lower()
    if all(str(address).lower() in written for address in envelope) and written.count("@") == len(envelope):
        return ""
    return " · ".join(f"{name}: {value}" for name, value in named)[:1000]


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_said(one) for one in value)
    return str(value)
