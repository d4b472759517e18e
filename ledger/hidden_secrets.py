"""Hidden secrets: credentials in texts within texts: JSON in forms, forms in JSON, links, code, broken grammars.

Texts whose own grammar holds belong in `masked_text`; what is here is what it leaves over.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes

from ledger.secret_names import AFTER_NAME, ENDINGS, IN_LINK, WHOLE, linear
from ledger.spelt_signs import EQUALS

Replace = Callable[[bytes, bytes], bytes | None]
"""From a field's name and its value, what stands in the value's place, or None where it stays."""

DEEPEST = 4
"""Texts within texts that are looked into; nobody encodes more often by accident."""

WITHIN = rb"%(?:2[25]|3[ADad]|7[Bb])"
"""An escaped quotation mark, percent sign, colon, equals sign or brace: the escaped text has a grammar of its own."""

ENCODED_HINT = linear(WITHIN)
_ENCODED = linear(rb"[^\s\"'<>&=;{}\\?#]*" + WITHIN + rb"[^\s\"'<>&;{}\\=]*")
_MARK_ENCODED = linear(rb"%5Bremoved%3A([a-z0-9_]+)%3A([0-9a-f]{6})%5D")
_QUOTES = rb"(?:\\*[\"']|&quot;|&#3[49];)"
_NAMED = (
    rb"(?i)(\b([\w.\[\]-]*?(?:"
    + ENDINGS
    + rb"))(?:[\])]|"
    + _QUOTES
    + rb"){0,3}"
    + AFTER_NAME
    + rb"\s*(?:=>|:|&gt;|"
    + EQUALS
    + rb")\s*)"
    rb"(?:(\\*\")([^\"\\]+)|(\\*')([^'\\]+)|((?:&quot;|&#3[49];)?)([^\s\"'&,;<>\\(){}\[\]](?:[^\s\"'&,;<>\\]|\\+/)*))"
)
_NAMED_VALUE = linear(_NAMED)
_LINE = linear(
    # A header as a line: all of it is the credential, the scheme and every cookie.
    rb"(?i)(\b((?:proxy-)?authorization|(?:set-)?cookie2?)[ \t]*:[ \t]*(?:\r?\n[ \t]+)?)([^\r\n\"'\\<>]+)"
)
_LINE_HINT = linear(rb"(?i)(?:authorization|cookie2?)[ \t]*:")
_PARAMETER = linear(
    rb"(?i)((?:[?&#]|&amp;|&#38;|\\u0026)((?:[^=&?#\s\"'<>]*?(?:"
    + ENDINGS
    + rb")|"
    + IN_LINK
    + rb")"
    + AFTER_NAME
    + rb")"
    + EQUALS
    + rb")((?:[^&#\s\"'<>\\]|\\+/)+)"
)
_PART = linear(
    # Of multipart/form-data whose lines or boundary are not as declared.
    rb"(?i)([;\s]name\*?=(?:[\w-]+'\w*')?\"?((?:[^\"\r\n;]*?(?:" + ENDINGS + rb")|" + WHOLE + rb"))\"?(?:;[^\r\n]*)?"
    rb"\r?\n(?:[^\r\n]+\r?\n)*\r?\n)([^\r\n]+)"
)
_BETWEEN = rb'(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[\w.-]+)\s*,\s*){0,4}'
"""Other members of one object, between a name and its value."""
_NAME_FIRST = linear(
    rb'(?i)("(?:name|key|header|field)"\s*:\s*"((?:[^"\\]*?(?:'
    + ENDINGS
    + rb")|"
    + WHOLE
    + rb'))"\s*,\s*'
    + _BETWEEN
    + rb'"(?:value|val)"\s*:\s*(?:\{\s*"string_?value"\s*:\s*)?")((?:[^"\\]|\\.)+)'
)
_VALUE_FIRST = linear(
    rb'(?i)("(?:value|val)"\s*:\s*")((?:[^"\\]|\\.)+)("\s*,\s*"(?:name|key|header|field)"\s*:\s*'
    rb'"((?:[^"\\]*?(?:' + ENDINGS + rb")|" + WHOLE + rb'))")'
)
_FIELD_PAIR = linear(
    # As programs list the fields of a message; names without a sign are also those of columns.
    rb'(?i)(\[\s*"([^"\\]*-[^"\\]*?(?:'
    + ENDINGS
    + rb')|(?:proxy-)?authorization|(?:set-)?cookie)"\s*,\s*")((?:[^"\\]|\\.)+)'
)
_ATTRIBUTE_PAIR = linear(
    rb"(?i)(\b(?:name|key)\s*=\s*[\"']((?:[^\"'<>]*?(?:" + ENDINGS + rb")|" + WHOLE + rb"))[\"'][^<>]{0,200}?\s"
    rb"(?:value|content)\s*=\s*[\"'])([^\"'<>]+)"
)
_GRANTED = linear(rb"(?i)((?:^|[&\s,{\"])(code)\"?\s*[=:]\s*\"?)([^&\s\",}]+)")
_ENDS = rb"(?:\r?\n|\\n)"
_BLOCK_HINT = linear(rb":[ \t]*[|>][0-9+-]{0,2}[ \t]*" + _ENDS)
_BLOCK = linear(
    # A block of YAML (1.2, 8.1): every line that is further in than its name's, in a text or in one within JSON.
    rb"(?i)((?:^|\n|\\n|\")([ \t]*(?:- +)?)[\"']?([\w.-]*?(?:"
    + ENDINGS
    + rb"))[\"']?[ \t]*:[ \t]*)([|>][0-9+-]{0,2}[ \t]*(?:"
    + _ENDS
    + rb"(?:[ \t]+(?:[^\r\n\\\"]|\\[^n])+)?)+)"
)
_LINE_END = linear(_ENDS)
_LITERALS = frozenset((b"null", b"true", b"false", b"none", b"undefined"))


def without_hidden(text: bytes, replace: Replace, *, links: bool) -> bytes:
    """The text without the values of fields that are named as secrets, in whatever notation.

    `links`: parameters too that are secret in a link alone, such as `sig` and `code`.
    """

    def done(pattern: Any, text: bytes, *groups: int, name: int = 2) -> bytes:
        return bytes(pattern.sub(lambda match: _replaced(match, name, groups, replace), text))

    if _LINE_HINT.search(text) is not None:
        text = done(_LINE, text, 3)
    if _BLOCK_HINT.search(text) is not None:
        text = bytes(_BLOCK.sub(lambda match: _without_block(match, replace), text))
    text = done(_NAMED_VALUE, text, 4, 6, 8)
    if links:
        text = done(_PARAMETER, text, 3)
    if b"\n\r\n" in text or b"\n\n" in text:
        text = done(_PART, text, 3)
    text = _without_pairs(text, done)
    if b"authorization_code" in text:
        # RFC 6749, 4.1.3: only here is `code` a credential, and not an answer's or a voucher's.
        text = done(_GRANTED, text, 3)
    return text


def _without_pairs(text: bytes, done: Callable[..., bytes]) -> bytes:
    """Where a name is the value of one field, and its own value that of another beside it."""
    if b'"val' in text or b'"Val' in text:
        text = done(_VALUE_FIRST, done(_NAME_FIRST, text, 3), 2, name=4)
    if b"[" in text:
        text = done(_FIELD_PAIR, text, 3)
    return done(_ATTRIBUTE_PAIR, text, 3) if b"<" in text else text


def without_encoded(text: bytes, inner: Callable[[bytes], bytes]) -> bytes:
    """The text with `inner` done to every percent-encoded text in it; those it leaves alone stay as they are."""

    def opened(match: Any) -> bytes:
        encoded: bytes = match.group(0)
        spaced = b"+" in encoded
        decoded = unquote_to_bytes(encoded.replace(b"+", b" ") if spaced else encoded)
        masked = inner(decoded)
        if masked == decoded:
            return encoded
        again = quote_plus(masked) if spaced else quote(masked, safe="")
        return bytes(_MARK_ENCODED.sub(rb"[removed:\1:\2]", again.encode()))

    return bytes(_ENCODED.sub(opened, text))


def _is_mark(match: Any) -> bool:
    """Whether a name and its value are a mark's own label and digest."""
    start = match.span()[0]
    return bool(match.string[max(0, start - 9) : start] == b"[removed:")


def _replaced(match: Any, name: int, groups: tuple[int, ...], replace: Replace) -> bytes:
    whole: bytes = match.group(0)
    if _is_mark(match):
        return whole
    for group in groups:
        value = match.group(group)
        if value is None or value.rstrip(b"]} ").lower() in _LITERALS or value.startswith(b"[removed:"):
            continue
        removed = replace(match.group(name), value)
        if removed is not None:
            start, end = match.span(group)
            offset = match.span()[0]
            return whole[: start - offset] + removed + whole[end - offset :]
    return whole


def _without_block(match: Any, replace: Replace) -> bytes:
    """A block's lines up to the first that is no further in than its name."""
    inside = len(match.group(2))
    block: bytes = match.group(4)
    ends = [end.span() for end in _LINE_END.finditer(block)]
    until = len(block)
    for (start, after), following in zip(ends, [*ends[1:], (until, until)], strict=True):
        line = block[after : following[0]]
        if line.strip() and len(line) - len(line.lstrip(b" \t")) <= inside:
            until = start
            break
    for start, after in reversed(ends):
        until = start if after == until else until
    secret = block[:until].partition(b"\n")[2].strip() or block[:until].strip()
    removed = replace(match.group(3), secret)
    return bytes(match.group(0)) if removed is None else match.group(1) + removed + block[until:]
