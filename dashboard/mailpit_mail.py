"""OneMail: a captured mail read once, with what Mailpit's API says of it: people, texts, attachments. No routes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from dashboard.mailpit_addresses import Address, addresses, bare
from ledger.mime import Part, ReadMessage, read_message, search_text
from ledger.mime_budget import DEFAULT
from ledger.mime_head import Head, read_head
from ledger.mime_links import text_of_html
from ledger.mime_tree import Node
from ledger.stored import StoredCapture
from policies.effect import UNATTRIBUTED
from policies.encoded_word import decode_octets

SNIPPET = 250
"""Characters of a mail's text in a list."""
_BODIES = ("text/plain", "text/html")


@dataclass(frozen=True)
class OneMail:
    """Read as far as it is asked for: a list needs less of it than a page does."""

    stored: StoredCapture
    raw: bytes
    """Empty where the mail was too large to be kept: what is said of it then comes from its envelope and its facts."""

    @cached_property
    def head(self) -> Head:
        """Its fields as sent."""
        return read_head(self.raw, 0, len(self.raw), DEFAULT)

    @cached_property
    def message(self) -> ReadMessage:
        """The whole of it."""
        return read_message(self.raw)

    @property
    def text(self) -> str:
        """All its inline plain text, with the line breaks it was sent with."""
        plain = [part for part in self.message.parts if part.inline and part.content_type == "text/plain"]
        return "\n".join(_decoded(part) for part in plain)

    @property
    def html(self) -> str:
        """The first inline HTML, as it was sent: hostile."""
        pages = (part for part in self.message.parts if part.inline and part.content_type == "text/html")
        return next((_decoded(part) for part in pages), "")

    @cached_property
    def words(self) -> str:
        """What is searched in it, lower case, blanks as one: its fields, its text, its attachments' names."""
        everybody = " ".join(one["Address"] for one in (*self.bcc, *self.reply_to))
        return " ".join(f"{search_text(self.raw)} {self.message_id} {everybody}".lower().split())

    @property
    def size(self) -> int:
        """Octets as sent."""
        return self.stored.capture.payload.size

    @property
    def subject(self) -> str:
        return self.head.text("subject") or self._fact("subject")

    @property
    def message_id(self) -> str:
        """Without its angle brackets."""
        return (self.head.text("message-id") or self._fact("message_id")).strip("<> ")

    @property
    def sender(self) -> Address:
        """Whom the field From names, else the envelope's sender."""
        found = self.field("from")
        return found[0] if found else bare(self._fact("from"))

    @property
    def return_path(self) -> str:
        return self.head.text("return-path").strip("<> ") or self.sender["Address"]

    @property
    def to(self) -> list[Address]:
        """Whom the field To names; of a mail without a head, the envelope's recipients."""
        return self.field("to") if self.head.fields else [bare(one) for one in self.envelope]

    @property
    def cc(self) -> list[Address]:
        return self.field("cc")

    @property
    def bcc(self) -> list[Address]:
        """Whom the field Bcc names, and everybody else that the envelope reaches and no field tells of."""
        named = self.field("bcc")
        seen = {one["Address"].lower() for one in (*self.to, *self.cc, *named)}
        return named + [bare(one) for one in self.envelope if one.lower() not in seen]

    @property
    def reply_to(self) -> list[Address]:
        return self.field("reply-to")

    @property
    def envelope(self) -> list[str]:
        """Everybody it was handed over for."""
        return [str(one) for one in self.stored.capture.facts.get("to") or ()]

    @property
    def username(self) -> str:
        """The run it belongs to, which is what a client of a run signs in with; empty where nobody claimed it."""
        run = self.stored.capture.effect.run
        return "" if run == UNATTRIBUTED else run

    @property
    def date(self) -> datetime:
        """What the field Date says, with its own offset; when it arrived where that is no date."""
        try:
            said = parsedate_to_datetime(self.head.text("date")[:100])
        except (ValueError, TypeError, IndexError, OverflowError):
            return self.stored.capture.at
        return said if said.tzinfo is not None else said.replace(tzinfo=UTC)

    @property
    def snippet(self) -> str:
        """How it begins."""
        return " ".join((self.message.text or text_of_html(self.message.html)).split())[:SNIPPET]

    @cached_property
    def numbered(self) -> dict[str, Part]:
        """Its leaves by the number of their place in the tree: `1`, `2.1`; `0` of a mail that is one alone."""
        return {number: self.message.parts[index] for number, index in _places(self.message.tree, "")}

    @property
    def attachments(self) -> list[tuple[str, Part]]:
        """Those that are not shown with the mail, each with its number."""
        return [(number, part) for number, part in self.numbered.items() if not part.inline]

    @property
    def inline(self) -> list[tuple[str, Part]]:
        """Those that are shown with it, but for its own text."""
        shown = [(number, part) for number, part in self.numbered.items() if part.inline]
        return [(number, part) for number, part in shown if part.filename or part.content_type not in _BODIES]

    def field(self, name: str) -> list[Address]:
        """The addresses of a field (lower-case name), however often it is repeated."""
        return addresses([value for field, value in self.head.fields if field.lower() == name])

    def _fact(self, name: str) -> str:
        value: Any = self.stored.capture.facts.get(name)
        return str(value or "")


def _decoded(part: Part) -> str:
    return decode_octets(part.content[: DEFAULT.text_octets], part.charset).replace("\0", "\N{REPLACEMENT CHARACTER}")


def _places(node: Node, number: str) -> Iterator[tuple[str, int]]:
    if node.part is not None:
        yield number or "0", node.part
    for at, child in enumerate(node.children, 1):
        yield from _places(child, f"{number}.{at}" if number else str(at))
