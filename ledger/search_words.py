"""SearchWords: what somebody typed into a search box, as phrases of plain words. Any string is a valid search."""

import re
import unicodedata

_TOKEN = re.compile(r"[^\W_]+")
_MARK = "Mn"

WORDS_LIMIT = 32
"""Words looked at; more would only cost."""


def tokens_of(text: str) -> list[str]:
    """The words of a text: letters and digits, lower case, without accents, as FTS5's unicode61 cuts them."""
    if not text.isascii():
        text = "".join(char for char in unicodedata.normalize("NFKD", text) if unicodedata.category(char) != _MARK)
    return _TOKEN.findall(text.lower())


def phrases_of(query: str) -> list[list[str]]:
    """One phrase a blank-separated word, so that an address is found as a whole. Empty where nothing is a word."""
    phrases = [tokens_of(word) for word in query.split()[:WORDS_LIMIT]]
    return [phrase for phrase in phrases if phrase]


class Matcher:
    """Judges a text as the index would: every phrase in it, the last word of the last one as a beginning."""

    def __init__(self, phrases: list[list[str]]) -> None:
        self._needles = [f" {' '.join(phrase)} " for phrase in phrases[:-1]]
        self._beginning = f" {' '.join(phrases[-1])}" if phrases else None

    def matches(self, text: str) -> bool:
        if self._beginning is None:
            return False
        words = f" {' '.join(tokens_of(text))} "
        return self._beginning in words and all(needle in words for needle in self._needles)
