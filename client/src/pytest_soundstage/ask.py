"""Ask and Answer: one question to the API and what it said, without any I/O.

Everything this package does is a generator of questions (`Steps`); `wire.py` asks them, waiting or awaiting.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """One question. `also` are statuses that are answers and not errors; `raw` asks for octets instead of JSON."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    seconds: float = 30.0
    also: tuple[int, ...] = ()
    raw: bool = False


@dataclass(frozen=True)
class Answer:
    """What was said: `value` is JSON, or octets where they were asked for."""

    status: int
    value: Any


Steps = Generator[Ask, Answer, T]
