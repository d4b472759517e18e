"""Credentials of a request: found where its pack says they sit, told apart as live or test without asking anybody."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import re2

from policies.effect import Credential
from policies.expression_collections import aslist
from policies.expression_filters import QUIET
from policies.head_shape import CHANGING, HeadShape
from policies.pack_file import CredentialPlaceEntry, Environment
from policies.request_view import RequestView, basic
from policies.stray_key import SEARCHED_AT_ONCE, Anywhere
from policies.stray_spelling import is_coded
from policies.whole_text import whole

MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class CredentialReader:
    """One provider's credentials."""

    places: tuple[CredentialPlaceEntry, ...]
    live: Any
    """A compiled RE2 pattern, or None where nothing marks a credential as live."""
    test: Any
    anywhere: Anywhere | None = None
    """`live`, wherever in a text a key may begin; None for providers none of whose keys is known to be a test one."""
    in_query: frozenset[str] = field(init=False, compare=False, repr=False)
    """The fields of the query that may hold some."""
    in_body: frozenset[str] = field(init=False, compare=False, repr=False)
    _marks: dict[bytes, Credential] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("query", "body"):
            object.__setattr__(self, f"in_{name}", frozenset([p.name for p in self.places if p.where == name]))

    def found(self, view: RequestView, environment: Environment) -> tuple[tuple[str, ...], Credential]:
        """Every credential the request carries in the provider's places, and what `classify` says of them.

        A field sent twice counts twice. Only what may hold some is looked into, and where the head tells all, nothing.
        """
        sent: Sent = view.shape.sent
        if sent is None or sent.reader is not self:
            sent = view.shape.sent = self._judged(view.shape)
        if sent.told is None or not self._is_in_head(view, sent):
            every = self._every(view, sent)
            return every, self.classify(every, environment)
        kind = sent.kinds.get(environment)
        if kind is None:
            kind = sent.kinds[environment] = self.classify(sent.whole, environment)
        return sent.whole, kind

    def _is_in_head(self, view: RequestView, sent: "Sent") -> bool:
        """Whether the fields that do not change hold all there are."""
        if self.in_query and view.query:
            return False
        if self.in_body and not (type(view.data) is dict and self.in_body.isdisjoint(view.data)):
            return False
        keys = self.anywhere
        if keys is None:
            return True
        body = view.body
        if not sent.clean or len(body) > SEARCHED_AT_ONCE or (not body and view.size):
            return False
        return not keys.may_be_anywhere(_beside(view), body)

    def _every(self, view: RequestView, sent: "Sent") -> tuple[str, ...]:
        found = [_at(place, view) if settled is None else settled for place, settled in sent.places]
        told = [credential for each in found for credential in each]
        return tuple(told if self.anywhere is None else [*told, *self._stray(self.anywhere, view, sent)])

    def _judged(self, shape: HeadShape) -> "Sent":
        fields = shape.settled
        places = tuple([(place, _settled(place, fields)) for place in self.places])
        changes = any(place.where == "header" and settled is None for place, settled in places)
        told = tuple([credential for _, settled in places for credential in settled or ()])
        if self.anywhere is None:
            return Sent(self, places, None if changes else told, told)
        text = _lines([value for _, value in fields])
        clean = not self.anywhere.may_be_in(text)
        basics = self._basics(fields)
        return Sent(self, places, None if changes else told, (*told, *basics), clean, basics)

    def _stray(self, keys: Anywhere, view: RequestView, sent: "Sent") -> tuple[str, ...]:
        """A live one where nobody looks for it, beside a test one where everybody does: it would leave all the same."""
        headers, body = view.request.headers, view.body
        beside = _beside(view)
        found: list[str] = []
        if not sent.clean or keys.may_be_in(_lines([beside])) or keys.may_be_in(body) or is_coded(body):
            found = keys.found(_lines([view.target, *[value for _, value in headers]]), body)
        if not body and view.size:
            found.append("")  # nobody can tell what is in it
        basics = self._basics(headers) if "basic" in beside.lower() else sent.basics
        return (*found, *basics) if found else basics

    def _basics(self, fields: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        """The live keys in what any field says as `Basic` does."""
        told = [_of_basic(value[5:].strip()) for _, value in fields if _is_basic(value)]
        return tuple([part for parts in told for part in parts if self._mark(part) == "live"])

    def classify(self, credentials: Iterable[str], environment: Environment) -> Credential:
        """Live before unknown before test. Without a mark the host decides; where it serves both, nobody can tell."""
        kinds = {self._kind(credential, environment) for credential in credentials}
        for kind in _STRICTEST_FIRST:
            if kind in kinds:
                return kind
        return "none"

    def _kind(self, credential: str, environment: Environment) -> Credential:
        # Remembered by digest, for the few credentials of an environment come with every request.
        key = hashlib.blake2b(credential.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        marked = self._marks.get(key)
        if marked is None:
            if len(self._marks) >= MOST_REMEMBERED:
                self._marks.clear()
            marked = self._marks[key] = self._mark(credential)
        return marked if marked != "unknown" or environment == "both" else environment

    def _mark(self, credential: str) -> Credential:
        said = whole(credential)
        if self.live is not None and self.live.search(said):
            return "live"
        return "test" if self.test is not None and self.test.search(said) else "unknown"


@dataclass(frozen=True, slots=True)
class Sent:
    """What one reader finds in a head, whatever target, changing fields and body come with it."""

    reader: CredentialReader
    places: tuple[tuple[CredentialPlaceEntry, tuple[str, ...] | None], ...]
    """Where credentials sit, each with those in the head; None where they are not in it, or change."""
    told: tuple[str, ...] | None
    """Those of all these places where query and body have none of theirs; None where it takes a look at each."""
    whole: tuple[str, ...]
    """All of a request whose other parts hold none."""
    clean: bool = True
    """No live key strays in the fields that do not change."""
    basics: tuple[str, ...] = ()
    kinds: dict[Environment, Credential] = field(default_factory=dict)
    """Of `whole`, by the host's environment."""


_SEPARATORS = re.compile(r"[\s,;]+")
_STRICTEST_FIRST: tuple[Credential, ...] = ("live", "unknown", "test")


def compiled(patterns: tuple[str, ...]) -> Any:
    """One RE2 pattern for all, or None for none. Raises re2.error."""
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns), QUIET) if patterns else None


def _settled(place: CredentialPlaceEntry, fields: Iterable[tuple[str, str]]) -> tuple[str, ...] | None:
    if place.where != "header" or place.name in CHANGING:
        return None
    return tuple([found for name, value in fields if name == place.name for found in _of_header(value)])


def _at(place: CredentialPlaceEntry, view: RequestView) -> list[str]:
    """What stands in one place of a request."""
    if place.where == "header":
        return [found for name, value in view.request.headers if name == place.name for found in _of_header(value)]
    fields = view.query if place.where == "query" else view.data
    held = fields.get(place.name) if isinstance(fields, dict) else None
    return [] if held is None else [str(item) for item in aslist(held)]


def _beside(view: RequestView) -> str:
    """What of a head is new with each request, a line each."""
    headers = view.request.headers
    return "\n".join([view.target, *[headers[at][1] for at in view.shape.changing]])


def _lines(texts: list[str]) -> bytes:
    return "\n".join(texts).encode("utf-8", "surrogatepass")


def _is_basic(value: str) -> bool:
    return value[:5].lower() == "basic"


def _of_header(value: str) -> Iterator[str]:
    """What of a header is the credential: of Basic the user and the password, of AWS signatures the access key id."""
    scheme, space, rest = value.partition(" ")
    if not space:
        yield from _SEPARATORS.split(value)
    elif scheme.lower() == "basic":
        yield from _of_basic(rest.strip())
    elif scheme.upper().startswith("AWS4-"):
        yield rest.partition("Credential=")[2].partition("/")[0]
    else:
        # Several in one field: a mark is looked for at the beginning of each, not of the field.
        yield from _SEPARATORS.split(rest.strip())


def _of_basic(encoded: str) -> Iterator[str]:
    user, password = basic(encoded)
    if user is None:
        yield encoded
    else:
        yield user
        if password:
            yield password
