"""SMTP reply lines: a `Reply` as it stands on the wire (RFC 5321, section 4.2)."""

import textwrap

from ledger.reply import Reply

LINE_CHARACTERS = 400
"""RFC 5321 allows 512 octets a line, with code and CRLF."""
LINES = 50


def wire(reply: Reply) -> bytes:
    """`status` and `body`, the body's lines wrapped, as one reply of several lines where needed."""
    text = reply.body.decode("utf-8", "replace")
    if 0 < len(text) <= LINE_CHARACTERS and text.isascii() and text.isprintable():
        return b"%03d %b\r\n" % (reply.status, reply.body)
    return status_lines(reply.status, text)


def status_lines(status: int, text: str) -> bytes:
    """A code and a text of any length and any characters."""
    if len(text) <= LINE_CHARACTERS and text.isascii() and text.isprintable() and text:
        return b"%03d %s\r\n" % (status, text.encode("ascii"))
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, LINE_CHARACTERS)][:LINES] or ["Ok"]
    clean = ["".join(c if c.isprintable() else "?" for c in line).encode("ascii", "replace") for line in lines]
    code = b"%03d" % status
    return b"".join(b"%s-%s\r\n" % (code, line) for line in clean[:-1]) + b"%s %s\r\n" % (code, clean[-1])
