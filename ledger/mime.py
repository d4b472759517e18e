"""Reading a captured mail: its fields, texts, parts, links and codes. After the answer, within a budget, never raising.

The captured octets are the evidence; what is read out of them here is only how they are shown.
"""

import hashlib
from dataclasses import dataclass

from ledger.mime_budget import DEFAULT, SEARCH_CHARACTERS, MimeBudget
from ledger.mime_codes import codes_of
from ledger.mime_content import content_of, text_of
from ledger.mime_head import Head, one_line, read_head, read_parameters
from ledger.mime_links import links_of, text_of_html
from ledger.mime_tree import Leaf, Node, Walk
from policies.encoded_word import decode_words

TRUNCATED = frozenset({"too_deep", "too_many_parts", "too_many_headers", "text_truncated"})


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the tree, decoded. `size` and `sha256` are those of `content`."""

    index: int
    content_type: str
    filename: str | None
    size: int
    sha256: str
    content_id: str | None
    """Without its angle brackets."""
    inline: bool
    """Shown with the mail, rather than an attachment."""
    charset: str | None
    content: bytes


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A mail as its reader sees it. Every text is one line, but for `text` and `html`, whose lines end with LF."""

    subject: str
    sender: str
    to: str
    cc: str
    reply_to: str
    date: str
    headers: tuple[tuple[str, str], ...]
    text: str
    """All its inline plain text; empty where there is none."""
    html: str
    """The first inline HTML, untouched: hostile."""
    parts: tuple[Part, ...]
    tree: Node
    links: tuple[str, ...]
    codes: tuple[str, ...]
    flags: tuple[str, ...]
    truncated: bool

    @property
    def attachments(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if not part.inline)


def read_message(raw: bytes, *, budget: MimeBudget = DEFAULT) -> ReadMessage:
    """Read a mail from any octets. Time is linear in their number; what exceeds the budget is left out and said."""
    head, walk, tree = _walked(raw, budget)
    parts = tuple([_part(walk, index, leaf) for index, leaf in enumerate(walk.leaves)])
    text, html = _texts(
        walk, [(part.content, leaf) for part, leaf in zip(parts, walk.leaves, strict=True) if part.inline]
    )
    return ReadMessage(
        subject=head.text("subject"),
        sender=head.text("from"),
        to=head.text("to"),
        cc=head.text("cc"),
        reply_to=head.text("reply-to"),
        date=head.text("date"),
        headers=tuple([(name, one_line(decode_words(value))) for name, value in head.fields]),
        text=text,
        html=html,
        parts=parts,
        tree=tree,
        links=links_of(text, html),
        codes=codes_of(f"{head.text('subject')}\n{text or text_of_html(html)}"),
        flags=tuple(walk.flags),
        truncated=not TRUNCATED.isdisjoint(walk.flags),
    )


def search_text(raw: bytes, *, budget: MimeBudget = DEFAULT) -> str:
    """What a full-text index keeps of a mail: its fields for people, what it says, and its attachments' names."""
    head, walk, _ = _walked(raw, budget)
    inline = [leaf for leaf in walk.leaves if leaf.content_type.startswith("text/") and _is_inline(leaf)]
    text, html = _texts(walk, [(content_of(raw, leaf)[0], leaf) for leaf in inline])
    said = [head.text(name) for name in ("subject", "from", "to", "cc")]
    said += [text or text_of_html(html), *filter(None, (_filename(leaf) for leaf in walk.leaves))]
    return "\n".join(filter(None, said))[:SEARCH_CHARACTERS]


def _walked(raw: bytes, budget: MimeBudget) -> tuple[Head, Walk, Node]:
    head = read_head(raw, 0, len(raw), budget)
    walk = Walk(raw, budget)
    tree = walk.entity(head, len(raw), 0)
    return head, walk, tree


def _part(walk: Walk, index: int, leaf: Leaf) -> Part:
    content, flags = content_of(walk.raw, leaf)
    walk.flags.update(dict.fromkeys(flags))
    return Part(
        index=index,
        content_type=leaf.content_type,
        filename=_filename(leaf),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content_id=leaf.head.text("content-id").strip("<> ") or None,
        inline=_is_inline(leaf),
        charset=leaf.parameters.get("charset"),
        content=content,
    )


def _texts(walk: Walk, inline: list[tuple[bytes, Leaf]]) -> tuple[str, str]:
    plain: list[str] = []
    html = ""
    room = walk.budget.text_octets
    for content, leaf in inline:
        if leaf.content_type == "text/html" and not html:
            html, flags = text_of(content, leaf, walk.budget)
        elif leaf.content_type == "text/plain" and room > 0:
            room -= len(content)
            text, flags = text_of(content, leaf, walk.budget)
            plain.append(text)
        else:
            continue
        walk.flags.update(dict.fromkeys(flags))
    return "\n".join(plain), html


def _is_inline(leaf: Leaf) -> bool:
    disposition = leaf.head.raw("content-disposition").lstrip()[:10].lower()
    if disposition == b"attachment":
        return False
    if leaf.content_type in ("text/plain", "text/html"):
        return not (disposition == b"" and "name" in leaf.parameters)
    return disposition.startswith(b"inline") or leaf.head.raw("content-id") != b""


def _filename(leaf: Leaf) -> str | None:
    _, parameters = read_parameters(leaf.head.raw("content-disposition"))
    name = parameters.get("filename") or leaf.parameters.get("name")
    if name is None and leaf.content_type == "message/rfc822":
        return "message.eml"
    return name[:255] if name else None
