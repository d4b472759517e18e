"""MailHeaders: the three fields of a mail's head that its description needs, read in microseconds. No MIME here."""

from typing import NamedTuple

from policies.encoded_word import decode_words

HEAD_LIMIT = 65536
"""Octets of a head that are looked at: what lies beyond is not read for the description."""
TEXT_LIMIT = 998
"""Characters of a field's text that are kept: RFC 5322's longest line."""


_NAMES = (b"\nsubject:", b"\nmessage-id:", b"\nfrom:")


class MailHeaders(NamedTuple):
    """As the reader of the mail sees them: unfolded, decoded, in one line. Empty where a field is missing."""

    subject: str = ""
    message_id: str = ""
    from_: str = ""


def read_headers(head: bytes, *, sender: bool = True) -> MailHeaders:
    """Read a mail's beginning (its body may follow). Of a repeated field the first counts. Never raises.

    `sender`: whether From is wanted too.
    """
    head = b"\r\n" + head[:HEAD_LIMIT]
    blank = head.find(b"\r\n\r\n")
    bare = head.find(b"\n\n", 0, blank + 1 if blank >= 0 else len(head))
    if bare >= 0 or blank >= 0:
        head = head[: bare if bare >= 0 else blank]
    folded_case = head.lower()
    texts = []
    for name in _NAMES if sender else _NAMES[:2]:
        start = folded_case.find(name)
        texts.append("" if start < 0 else _text(head, start + len(name)))
    return MailHeaders(*texts)


def _text(head: bytes, start: int) -> str:
    """Of the field whose value begins there."""
    end = head.find(b"\n", start)
    while end >= 0 and head[end + 1 : end + 2] in (b" ", b"\t"):
        end = head.find(b"\n", end + 1)
    value = head[start:] if end < 0 else head[start:end]
    value = value.replace(b"\r", b"").replace(b"\n", b"")
    text = value.decode() if value.isascii() and b"=?" not in value else decode_words(value)
    return " ".join(text[: TEXT_LIMIT * 4].split())[:TEXT_LIMIT].replace("\0", "\N{REPLACEMENT CHARACTER}")
