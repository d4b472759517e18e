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
from policies.pack_file import CredentialPlaceEntry, Environment
from policies.request_view import RequestView, basic

MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class CredentialReader:
    """One provider's credentials."""

    places: tuple[CredentialPlaceEntry, ...]
    live: Any
    """A compiled RE2 pattern, or None where nothing marks a credential as live."""
    test: Any
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


_STRICTEST_FIRST: tuple[Credential, ...] = ("live", "unknown", "test")


def compiled(patterns: tuple[str, ...]) -> Any:
    """One RE2 pattern for all, or None for none. Raises re2.error."""
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns), QUIET) if patterns else None


def _of_header(value: str) -> Iterator[str]:
    """What of a header is the credential: of Basic the user and the password, of AWS signatures the access key id."""
    scheme, space, rest = value.partition(" ")
    if not space:
        yield value
    elif scheme.lower() == "basic":
        yield from _of_basic(rest.strip())
    elif scheme.upper().startswith("AWS4-"):
        yield rest.partition("Credential=")[2].partition("/")[0]
    else:
        # Several in one field: a mark is looked for at the beginning of each, not of the field.
        yield from re.split(r"[\s,]+", rest.strip())


def _of_basic(encoded: str) -> Iterator[str]:
    user, password = basic(encoded)
    if user is None:
        yield encoded
    else:
        yield user
        if password:
            yield password
