"""SecretEcho: what was removed from a request, removed from all else that its capture tells: answer, facts, objects.

An answer made up here may repeat a key that no look at the answer alone knows for one: by its name it was a key in the
path, the query, a field or the body of the request.
"""

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pydantic_core import from_json, to_json

from ledger.mask_plan import MaskPlan
from ledger.masked_facts import WORDS
from ledger.masked_text import masked_text
from ledger.reply import KeptObject
from ledger.secret_patterns import Mark
from ledger.story import json_of

Removed = tuple[tuple[str, bytes], ...]
"""Label and octets of each secret."""

SHORTEST = 6
"""Octets: what is shorter, such as a card's CVC, stands in an answer by chance."""
SHORTEST_OF_HEAD = 12
"""The same of a path, a query or a field: those of a staging environment are words (`x-api-key: staging`)."""


class SecretEcho:
    """The secrets of one request. `of_head`: those of them that did not stand in its body."""

    def __init__(self, removed: Removed, of_head: Removed, plan: MaskPlan, mark: Mark) -> None:
        self._of_head = _spelt(of_head, mark, SHORTEST_OF_HEAD)
        self.spelt = _longest_first({**_spelt(removed, mark, SHORTEST), **self._of_head})
        """Each as it may be spelt, and what stands in its place; what is too short to tell is not there."""
        self._plan = plan
        self._mark = mark

    def text(self, text: bytes) -> bytes:
        """A text without them."""
        return _without(self.spelt, text)

    def headers(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """Fields of an answer without them; the same object where there are none."""
        return headers if not self.spelt else tuple([(name, self._words(self.spelt, value)) for name, value in headers])

    def facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Facts without them. Words to a reader lose those of the head alone: of a body they are kept as they are."""
        if not self.spelt:
            return facts
        said, told = partial(self._words, self._of_head), partial(self._words, self.spelt)
        return {name: _walked(value, said if name in WORDS else told) for name, value in facts.items()}

    def recipients(self, recipients: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Whom it reaches, without them."""
        return recipients and tuple([self._words(self.spelt, address) for address in recipients])

    def kept(self, objects: tuple[KeptObject, ...]) -> tuple[KeptObject, ...]:
        """A provider's objects as they may be kept, their names included; the same object where nothing is removed."""
        shown = [self._object(kept) for kept in objects]
        return objects if all(new is old for new, old in zip(shown, objects, strict=True)) else tuple(shown)

    def _object(self, kept: KeptObject) -> KeptObject:
        collection, key = self._name(kept.collection), self._name(kept.key)
        told = json_of(kept.value).encode() if kept.encoded is None else kept.encoded
        masked = self._kept_text(told)
        if masked == told:
            same = collection == kept.collection and key == kept.key
            return kept if same else KeptObject(collection, key, kept.value, kept.encoded)
        try:
            value = from_json(masked)
        except ValueError:
            # A mark where a number was: one that is a card's in the request, and in the object an amount.
            value = _walked(kept.value, self._name, numbers=True)
        return KeptObject(collection, key, value)

    def _kept_text(self, text: bytes) -> bytes:
        return masked_text(self.text(text), self._plan, self._mark, names=False).text

    def _name(self, text: str) -> str:
        return self._kept_text(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def _words(self, known: Mapping[bytes, bytes], text: str) -> str:
        octets = text.encode("utf-8", "surrogatepass")
        masked = _without(known, octets)
        return text if masked == octets else masked.decode("utf-8", "surrogatepass")


def _without(known: Mapping[bytes, bytes], text: bytes) -> bytes:
    for spelt, mark in known.items():
        if spelt in text:
            text = text.replace(spelt, mark)
    return text


def _spelt(removed: Removed, mark: Mark, shortest: int) -> dict[bytes, bytes]:
    """Each secret's spellings, and what stands in their place."""
    spelt = {text: mark(label, secret) for label, secret in removed for text in _spellings(secret)}
    return _longest_first({text: marked for text, marked in spelt.items() if len(text) >= shortest})


def _longest_first(spelt: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """One may be a part of another."""
    return {text: spelt[text] for text in sorted(spelt, key=len, reverse=True)}


def _spellings(secret: bytes) -> set[bytes]:
    """As it was found, as it is without its escapes, and as it is escaped once more: it may have been found within a
    text that was escaped, and is repeated with that, or in an answer that escapes by other rules."""
    plain = {secret, unquote_to_bytes(secret.replace(b"+", b" ")), _read_as_json(secret)}
    escaped = [
        spelt
        for text in plain
        for spelt in (
            quote_from_bytes(text, ""),
            quote_from_bytes(text, "/"),
            json_of(text.decode("utf-8", "replace"))[1:-1],
            escape(text.decode("utf-8", "replace")),
        )
    ]
    return {*plain, *(spelt.encode() for spelt in escaped)}


def _read_as_json(secret: bytes) -> bytes:
    """What stood within a text of JSON."""
    try:
        return str(from_json(b'"%b"' % secret)).encode("utf-8", "surrogatepass")
    except ValueError:
        return secret


def _walked(value: Any, of: Callable[[str], str], *, numbers: bool = False) -> Any:
    """The same value with its texts and names, and with `numbers` its numbers, as `of` gives them."""
    if isinstance(value, Mapping):
        return {of(str(name)): _walked(inner, of, numbers=numbers) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_walked(inner, of, numbers=numbers) for inner in value]
    if isinstance(value, str):
        return of(value)
    if not numbers:
        return value
    told = to_json(value).decode()
    shown = of(told)
    return value if shown == told else shown
