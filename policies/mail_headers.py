"""MailHeaders: the three fields of a mail's head that its description needs, read in microseconds. No MIME here."""

from dataclasses import dataclass

from policies.encoded_word import decode_words

HEAD_LIMIT = 65536
"""Octets of a head that are looked at: what lies beyond is not read for the description."""
TEXT_LIMIT = 998
"""Characters of a field's text that are kept: RFC 5322's longest line."""


@dataclass(frozen=True, slots=True)
class MailHeaders:
    """As the reader of the mail sees them: unfolded, decoded, in one line. Empty where a field is missing."""

    subject: str = ""
    message_id: str = ""
    from_: str = ""


def read_headers(head: bytes) -> MailHeaders:
    """Read a mail's beginning (its body may follow). Of a repeated field the first counts. Never raises."""
    head = b"\r\n" + head[:HEAD_LIMIT]
    ends = [end for end in (head.find(b"\r\n\r\n"), head.find(b"\n\n")) if end >= 0]
    head = head[: min(ends)] if ends else head
    folded_case = head.lower()
    return MailHeaders(
        _field(head, folded_case, b"\nsubject:"),
        _field(head, folded_case, b"\nmessage-id:"),
        _field(head, folded_case, b"\nfrom:"),
    )


def _field(head: bytes, folded_case: bytes, name: bytes) -> str:
    start = folded_case.find(name)
    if start < 0:
        return ""
    start += len(name)
    end = head.find(b"\n", start)
    while end >= 0 and head[end + 1 : end + 2] in (b" ", b"\t"):
        end = head.find(b"\n", end + 1)
    value = head[start:] if end < 0 else head[start:end]
    text = decode_words(value.replace(b"\r", b"").replace(b"\n", b""))
    return " ".join(text[: TEXT_LIMIT * 4].split())[:TEXT_LIMIT].replace("\0", "\N{REPLACEMENT CHARACTER}")
