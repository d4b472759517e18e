"""MailHeaders: the three fields of a mail's head that its description needs, read in microseconds. No MIME here."""

from dataclasses import dataclass

from policies.encoded_word import decode_words

HEAD_LIMIT = 65536
"""Octets of a head that are looked at: what lies beyond is not read for the description."""
LINE_LIMIT = 2000
TEXT_LIMIT = 998
"""Characters of a field's text that are kept: RFC 5322's longest line."""

_WANTED = {b"subject": 0, b"message-id": 1, b"from": 2}


@dataclass(frozen=True, slots=True)
class MailHeaders:
    """As the reader of the mail sees them: unfolded, decoded, in one line. Empty where a field is missing."""

    subject: str = ""
    message_id: str = ""
    from_: str = ""


def read_headers(head: bytes) -> MailHeaders:
    """Read a mail's beginning (its body may follow). Of a repeated field the first counts. Never raises."""
    lines = head[:HEAD_LIMIT].split(b"\n", LINE_LIMIT)
    values: list[bytes | None] = [None, None, None]
    number, count = 0, len(lines)
    while number < count:
        line = lines[number]
        number += 1
        name, colon, value = line.partition(b":")
        if not colon:
            if not line.strip(b"\r"):
                break
            continue
        place = _WANTED.get(name.rstrip(b" \t").lower())
        if place is None or values[place] is not None:
            continue
        folded = [value]
        while number < count and lines[number][:1] in (b" ", b"\t"):
            folded.append(lines[number])
            number += 1
        values[place] = b"".join(folded)
    return MailHeaders(*(_text(value) if value else "" for value in values))


def _text(value: bytes) -> str:
    text = decode_words(value.replace(b"\r", b""))
    return " ".join(text[: TEXT_LIMIT * 4].split())[:TEXT_LIMIT].replace("\0", "\N{REPLACEMENT CHARACTER}")
