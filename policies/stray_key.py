"""Stray keys: a provider's live keys wherever they stand in a request, most of which hold none."""

import re
from collections.abc import Iterator

import re2

from policies.expression_filters import QUIET
from policies.hint import Hint
from policies.pattern_literal import literal_of
from policies.stray_spelling import CODED_PART, json_escapes, opened, packed_forms, unescaped, unpacked

SEARCHED_AT_ONCE = 64 * 1024
"""Octets of a body that are copied so as to be searched together with the head."""


class Anywhere:
    """Patterns looked for wherever in a text a key may begin. Most texts are told apart by what every key contains."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        loose = "|".join(f"(?:{pattern.removeprefix('^')})" for pattern in patterns)
        self._pattern = re2.compile(rf"(?:^|[^0-9A-Za-z_])((?:{loose})[0-9A-Za-z_]*)", QUIET)
        self._parts = tuple({literal_of(pattern).encode() for pattern in patterns})
        escapes = b"|".join({_escapes(octet) for part in self._parts for octet in part})
        self._escaped = re.compile(escapes)
        self._spaced = any(b" " in part for part in self._parts)
        self._packed = tuple([form for part in self._parts for form in packed_forms(part)])
        in_json = json_escapes({octet for part in self._parts for octet in part})
        self._escaped_in_json = re.compile(in_json)
        words = [re.escape(part.decode()) for part in (*self._parts, *self._packed, CODED_PART)]
        self._found = Hint("|".join([*words, escapes.decode(), in_json.decode(), "(?i:basic)"])).found

    def may_be_anywhere(self, beside: str, body: bytes) -> bool:
        """False only where no key is in either, nor in what their escapes or a user with a password say.

        One look where the exact ones take half a dozen: of a request that brings none, nothing else is searched.
        """
        try:
            return self._found(str(b"%b\n%b" % (beside.encode("utf-8", "surrogatepass"), body), "utf-8"))
        except UnicodeDecodeError:
            return True

    def may_be_in(self, text: bytes) -> bool:
        """False only where no key is in a text, nor in what its escapes say, nor its base64."""
        for part in (*self._parts, *self._packed):
            if part in text:
                return True
        # Most texts have no escape, and one octet tells.
        return ((self._spaced or b"%" in text) and self._escaped.search(text) is not None) or (
            (b"\\" in text or b"%" in text) and self._escaped_in_json.search(text) is not None
        )

    def found(self, head: bytes, body: bytes) -> list[str]:
        """The first key of each text that is searched: head and body, as sent, without escapes, and without codings."""
        texts = [head, body]
        if len(body) <= SEARCHED_AT_ONCE:
            # A line feed is no part of a key: together they are searched as they would be apart, at half the cost.
            texts = [head + b"\n" + body]
        texts += opened(body)
        matches = [self._pattern.search(said) for text in texts for said in self._readings(text)]
        return [match.group(1).decode("latin-1") for match in matches if match is not None]

    def _readings(self, text: bytes) -> Iterator[bytes]:
        for said in (text, *unescaped(text)):
            yield said
            yield from unpacked(said, self._packed)


def compiled_anywhere(patterns: tuple[str, ...]) -> Anywhere | None:
    """The same patterns not tied to the beginning of a text. Raises re2.error."""
    return Anywhere(patterns) if patterns else None


def _escapes(octet: int) -> bytes:
    """A pattern of what an escaped text may say for an octet of it."""
    digits = b"".join([b"[%c%c]" % (digit, digit + 32) if digit > 57 else b"%c" % digit for digit in b"%02X" % octet])
    return rb"\+|%20" if octet == 32 else b"%" + digits
