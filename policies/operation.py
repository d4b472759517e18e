"""Operation: one thing a provider's API does, compiled: how it is known, what it means, how it is answered."""

import re
from dataclasses import dataclass, field
from typing import Literal

from policies.effect import Channel
from policies.expression_operators import Evaluate
from policies.facts_code import FactsCode
from policies.known_fields import Known
from policies.pack_file import BodyKind
from policies.pack_response import Response

SPOKEN_TO: frozenset[str] = frozenset({"email", "sms", "push", "chat"})
"""Channels whose fact `to` is a list."""


@dataclass(frozen=True, slots=True)
class ObjectLoad:
    """An object kept earlier, and the answer where there is none."""

    collection: Evaluate
    key: Evaluate
    missing: Response | None


@dataclass(frozen=True, slots=True)
class ObjectListing:
    """Objects kept earlier."""

    collection: Evaluate
    limit: Evaluate


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a pack."""

    id: str
    intent: Literal["read", "write", "auth"]
    channel: Channel
    body: BodyKind
    generic: bool
    hosts: tuple[re.Pattern[str], ...]
    """Where not empty, one of them must match the host."""
    when: Evaluate | None
    extract: tuple[tuple[str, Evaluate], ...]
    recipients: Evaluate | None
    """Gives everybody it reaches; None: they cannot be named."""
    load: ObjectLoad | None
    listing: ObjectListing | None
    response: Response | None
    """None where an emulator answers."""
    denied: Response | None
    idempotent: bool
    known: Known | None = None
    """What fields its requests may have, where it names whom they reach."""
    answers: Evaluate | None = None
    """Gives the addresses that hear of it besides."""
    telemetry: bool = False
    """What a program tells about itself or its users: swallowed, and no effect that a run has to account for."""
    facts: FactsCode = field(init=False, compare=False, repr=False)
    """All of `extract`."""
    marks: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """The flags that each of its effects bears."""
    looks_back: bool = field(init=False, compare=False, repr=False)
    """Its answer is made of objects kept earlier."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "marks", ("generic",) * self.generic + ("telemetry",) * self.telemetry)
        object.__setattr__(self, "facts", FactsCode(self.extract, speaks=self.channel in SPOKEN_TO))
        object.__setattr__(self, "looks_back", self.load is not None or self.listing is not None)
