"""Replies on the HTTP/1.1 wire: framing and the fields only the wire knows. What is answered is decided elsewhere."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from ledger.reply import Reply

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "upgrade", "trailer", "te")
)
_FIELDS = re.compile(r"[^\r\n]++(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]++: [^\x00-\x08\x0a-\x1f\x7f]*+)*+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
BODILESS = frozenset((204, 304))


class UnwritableReply(Exception):
    """A reply that HTTP/1.1 cannot carry: a bug of whoever made it, and never written."""


@dataclass(frozen=True, slots=True)
class _Form:
    """The head of responses that have a status and fields of the same names, but for the fields' values."""

    text: str
    shown: tuple[int, ...]
    """Which of the fields it shows."""


def render(reply: Reply, *, head_only: bool, keep_alive: bool, minor: int, marks: tuple[tuple[str, str], ...]) -> bytes:
    """The octets of a final response. `marks` are added where the reply does not carry them itself."""
    if keep_alive and minor and not head_only and reply.status not in BODILESS:
        fields = (*reply.headers, *marks)
        form = _form_of(reply.status, tuple([name for name, _ in fields]), len(marks))
        if form is not None:
            values = [fields[index][1] for index in form.shown]
            # What is not printable may be a control character, or no more than a tab or a rare letter.
            if "".join(values).isprintable():
                return (form.text % (*values, len(reply.body))).encode("latin-1", "replace") + reply.body
    return _rendered(reply, head_only, keep_alive, minor, marks)


@lru_cache(maxsize=512)
def _form_of(status: int, names: tuple[str, ...], marks: int) -> _Form | None:
    """None where one of the names, or the status, cannot be written. The last so many names are marks."""
    if not 200 <= status <= 599 or not all(map(_TOKEN.fullmatch, names)):
        return None
    lowered = [name.lower() for name in names]
    own = len(names) - marks
    shown = [index for index in range(own) if lowered[index] not in _HOP_BY_HOP]
    shown += [index for index in range(own, len(names)) if lowered[index] not in {lowered[kept] for kept in shown}]
    lines = [_status_line(status), *[f"{names[index]}: \0" for index in shown], "Content-Length: \1"]
    text = "\r\n".join(lines).replace("%", "%%").replace("\0", "%s").replace("\1", "%d")
    return _Form(f"{text}\r\n\r\n", tuple(shown))


def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {_PHRASES.get(status, 'Answered')}"


def _rendered(reply: Reply, head_only: bool, keep_alive: bool, minor: int, marks: tuple[tuple[str, str], ...]) -> bytes:
    if not 200 <= reply.status <= 599:
        raise UnwritableReply(f"{reply.status} is not the status of a final response")
    lines = [_status_line(reply.status)]
    present = set()
    for name, value in reply.headers:
        lowered = name.lower()
        if lowered in _HOP_BY_HOP:
            continue
        present.add(lowered)
        lines.append(f"{name}: {value}")
    lines += [f"{name}: {value}" for name, value in marks if name.lower() not in present]
    if reply.status not in BODILESS:
        lines.append(f"Content-Length: {length_of(reply, head_only=head_only)}")
    if not keep_alive:
        lines.append("Connection: close")
    elif minor == 0:
        lines.append("Connection: keep-alive")
    text = "\r\n".join(lines)
    # RFC 9110, 5.5: a line break in a value would let an answer's content write fields of its own.
    if text.count("\n") >= len(lines) or not _FIELDS.fullmatch(text):
        raise UnwritableReply(f"one of the header fields {lines[1:]!r} cannot be written to an HTTP/1.1 wire")
    head = f"{text}\r\n\r\n".encode("latin-1", "replace")
    return head if head_only or reply.status in BODILESS else head + reply.body


def length_of(reply: Reply, *, head_only: bool) -> int:
    """Of the answer to HEAD what one to GET would have, where its sink says so (RFC 9110, 9.3.2); else the body's."""
    if head_only and not reply.body:
        told = (value for name, value in reply.headers if name.lower() == "content-length")
        return next((int(value) for value in told if value.isascii() and value.isdigit()), 0)
    return len(reply.body)


def problem(status: int, title: str, detail: str, capture_id: str | None = None) -> Reply:
    """A refusal of Soundstage's own in the form of RFC 9457."""
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = [("Content-Type", "application/problem+json"), ("Soundstage-Verdict", "deny")]
    if capture_id is not None:
        told["capture"] = capture_id
        headers.append(("Soundstage-Capture", capture_id))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", "1"))
    return Reply(fidelity="refused", status=status, headers=tuple(headers), body=json.dumps(told).encode())
