"""Credentials of a request: found where its pack says they sit, told apart as live or test without asking anybody."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import re2

from policies.effect import Credential
from policies.expression_collections import aslist
from policies.expression_filters import QUIET
from policies.pack_file import CredentialPlaceEntry, Environment
from policies.request_view import RequestView, basic

MOST_REMEMBERED = 1024
SEARCHED_AT_ONCE = 64 * 1024
"""Octets of a body that are copied so as to be searched together with the head."""


@dataclass(frozen=True, slots=True)
class CredentialReader:
    """One provider's credentials."""

    places: tuple[CredentialPlaceEntry, ...]
    live: Any
    """A compiled RE2 pattern, or None where nothing marks a credential as live."""
    test: Any
    anywhere: Any = None
    """`live`, wherever in a text a key may begin; None for providers none of whose keys is known to be a test one."""
    _marks: dict[bytes, Credential] = field(default_factory=dict, compare=False, repr=False)

    def found(self, view: RequestView) -> Iterator[str]:
        """Every credential the request carries in the provider's places; a field sent twice counts twice."""
        for place in self.places:
            if place.where == "header":
                for name, value in view.request.headers:
                    if name == place.name:
                        yield from _of_header(value)
            else:
                fields = view.query if place.where == "query" else view.data
                held = fields.get(place.name) if isinstance(fields, dict) else None
                if held is not None:
                    yield from (str(item) for item in aslist(held))
        if self.anywhere is not None:
            yield from self._stray(view)

    def _stray(self, view: RequestView) -> Iterator[str]:
        """A live one where nobody looks for it, beside a test one where everybody does: it would leave all the same."""
        head = "\n".join([view.target, *[value for _, value in view.request.headers]])
        texts = [head.encode("utf-8", "surrogatepass"), view.body]
        if len(view.body) <= SEARCHED_AT_ONCE:
            # A line feed is no part of a key: together they are searched as they would be apart, at half the cost.
            texts = [b"\n".join(texts)]
        texts += [unquote_to_bytes(text.replace(b"+", b" ")) for text in texts if b"%" in text]
        for text in texts:
            match = self.anywhere.search(text)
            if match is not None:
                yield match.group(1).decode("latin-1")
        if view.size and not view.body:
            yield ""  # nobody can tell what is in it
        if "basic" in head.lower():
            for _, value in view.request.headers:
                if value[:5].lower() == "basic":
                    yield from (part for part in _of_basic(value[5:].strip()) if self._mark(part) == "live")

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
        if self.live is not None and self.live.search(credential):
            return "live"
        return "test" if self.test is not None and self.test.search(credential) else "unknown"


_SEPARATORS = re.compile(r"[\s,;]+")
_STRICTEST_FIRST: tuple[Credential, ...] = ("live", "unknown", "test")


def compiled(patterns: tuple[str, ...]) -> Any:
    """One RE2 pattern for all, or None for none. Raises re2.error."""
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns), QUIET) if patterns else None


def compiled_anywhere(patterns: tuple[str, ...]) -> Any:
    """The same patterns not tied to the beginning of a text; group 1 is what they match. Raises re2.error."""
    loose = "|".join(f"(?:{pattern.removeprefix('^')})" for pattern in patterns)
    return re2.compile(rf"(?:^|[^0-9A-Za-z_])((?:{loose})[0-9A-Za-z_]*)", QUIET) if patterns else None


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
