"""Credentials of a request: found where its pack says they sit, told apart as live or test without asking anybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import re2

from policies.effect import Credential
from policies.expression_collections import aslist
from policies.pack_file import CredentialPlaceEntry, Environment
from policies.request_view import RequestView, basic


@dataclass(frozen=True, slots=True)
class CredentialReader:
    """One provider's credentials."""

    places: tuple[CredentialPlaceEntry, ...]
    live: Any
    """A compiled RE2 pattern, or None where nothing marks a credential as live."""
    test: Any

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
                yield from (str(item) for item in aslist(held))

    def classify(self, view: RequestView, environment: Environment) -> Credential:
        """Live before unknown before test. Without a mark the host decides; where it serves both, nobody can tell."""
        kinds = {self._kind(credential, environment) for credential in self.found(view)}
        for kind in _STRICTEST_FIRST:
            if kind in kinds:
                return kind
        return "none"

    def _kind(self, credential: str, environment: Environment) -> Credential:
        if self.live is not None and self.live.search(credential):
            return "live"
        if self.test is not None and self.test.search(credential):
            return "test"
        return "unknown" if environment == "both" else environment


_STRICTEST_FIRST: tuple[Credential, ...] = ("live", "unknown", "test")


def compiled(patterns: tuple[str, ...]) -> Any:
    """One RE2 pattern for all, or None for none. Raises re2.error."""
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


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
        yield rest.strip()


def _of_basic(encoded: str) -> Iterator[str]:
    user, password = basic(encoded)
    if user is None:
        yield encoded
    else:
        yield user
        if password:
            yield password
