"""Sight: one capture as expectations look at it: contract.md's JSON, and what its body holds, read when asked for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from policies.form import FormError, read_pairs

_DEEPEST_ERRORS = (ValueError, RecursionError)


class Unknown(Exception):
    """What a capture holds cannot be told: its body was not kept, or not read. Nobody may conclude anything from it."""


@dataclass(frozen=True)
class Detail:
    """What is kept of one capture beside contract.md's JSON, decoded. `None` is what the capture does not have."""

    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    body: str | None = None
    text: str | None = None
    html: str | None = None
    links: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    attachments: tuple[str, ...] | None = ()
    """Their names; None where it cannot be told whether there are any."""
    whole: bool = True
    """False where the body was not kept or is too large to be read: what it lacks is then not known to be absent."""

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body) if self.body else None
        except _DEEPEST_ERRORS:
            return None

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """The body's fields by their names as sent; empty where it is no form."""
        return _pairs(self.body or "")

    @cached_property
    def query_fields(self) -> dict[str, list[str]]:
        return _pairs(self.query.removeprefix("?"))

    def header(self, name: str) -> list[str]:
        return [value for field_name, value in self.headers if field_name.lower() == name]


def _pairs(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        for name, value in read_pairs(text):
            found.setdefault(name, []).append(value)
    except FormError:
        return {}
    return found


@dataclass
class Sight:
    """One capture and, once somebody asks, its detail."""

    capture: Mapping[str, Any]
    load: Callable[[str], Detail]
    _detail: Detail | None = field(default=None, init=False)

    @property
    def id(self) -> str:
        return str(self.capture["id"])

    @property
    def facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self.capture["facts"]
        return facts

    @property
    def target(self) -> Mapping[str, Any]:
        target: Mapping[str, Any] = self.capture["target"]
        return target

    def whole(self) -> Detail:
        """All that is kept of it. Raises Unknown where that is not all there was."""
        if self._detail is None:
            self._detail = self.load(self.id)
        if not self._detail.whole:
            raise Unknown("its body was not kept whole, or is too large to be read")
        return self._detail

    def forget(self) -> None:
        """Let go of the detail, which may be large; whoever asks again reads it again."""
        self._detail = None
