"""Links in what a mail says, and the text of its HTML. Nothing here, or anywhere, follows one."""

import html
import re

import re2

LINKS = 500
LINK_CHARACTERS = 4000
PUNCTUATION = 20
"""Characters taken off the end of a link in text."""
NOT_LINKS = ("javascript:", "data:", "vbscript:", "cid:", "mid:", "mailto:", "tel:", "sms:", "about:", "file:", "blob:")

# No underscore: a token in base64url ends with one as it likes.
_SENTENCE = ".,;:!?*'\u2019\u201d"
_CLOSING = {")": "(", "]": "[", "}": "{"}

_HREF = re2.compile(r"""(?i)<(?:a|area)\s[^<>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_URL = re2.compile(r"""(?i)\bhttps?://[^\s<>"'\x00-\x1f\x7f]+""")
_SCHEME = re2.compile(r"(?i)^[a-z][a-z0-9+.-]{1,30}:")
_UNSEEN = re2.compile(r"(?is)<(?:script|style|title)\b.*?</(?:script|style|title)\s*>|<!--.*?-->")
_BREAK = re2.compile(r"(?i)<(?:br|/?p|/?div|/?tr|/?li|/?h[1-6]|/?table|/?blockquote|hr)\b[^>]*>")
_CELL = re2.compile(r"(?i)</?t[dh]\b[^>]*>")
_TAG = re.compile(r"<[A-Za-z/!?][^<>]*>")
_SPACES = re.compile("[ \t\xa0\u200b\u200c\ufeff]+")
"""These two are linear without RE2, which takes ten times as long for many short matches."""


def links_of(text: str, page: str) -> tuple[str, ...]:
    """Absolute links, those of the HTML first, each once."""
    found: dict[str, None] = {}
    for match in _HREF.finditer(page):
        link = "".join(html.unescape(next(filter(None, match.groups()), "")).split())
        if _SCHEME.search(link) and not link.lower().startswith(NOT_LINKS):
            found[link[:LINK_CHARACTERS]] = None
        if len(found) >= LINKS:
            return tuple(found)
    for match in _URL.finditer(text):
        found[_trimmed(match.group()[:LINK_CHARACTERS])] = None
        if len(found) >= LINKS:
            break
    return tuple(found)


def text_of_html(page: str) -> str:
    """What a reader sees of it, roughly, a block a line."""
    text = _UNSEEN.sub(" ", page)
    text = _BREAK.sub("\n", text.replace("\n", " "))
    text = html.unescape(_TAG.sub("", _CELL.sub(" ", text)))
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _trimmed(link: str) -> str:
    """Without the punctuation of the sentence around it; a bracket stays where it was opened inside the link."""
    for _ in range(PUNCTUATION):
        last = link[-1:]
        if last in _CLOSING:
            if link.count(last) <= link.count(_CLOSING[last]):
                break
        elif last not in _SENTENCE or not last:
            break
        link = link[:-1]
    return link
