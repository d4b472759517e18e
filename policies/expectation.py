"""Expectations: which side effects a run should have attempted, and what must not have happened. Values alone."""

from dataclasses import dataclass
from typing import Literal

from policies.expectation_row import Row


@dataclass(frozen=True, slots=True)
class Settle:
    """How long it has to be quiet before anything is judged, and how long that may take. Seconds."""

    quiet: float = 0.25
    at_most: float = 10.0


@dataclass(frozen=True, slots=True)
class Expectations:
    """One file, read whole. What a file does not say is the stricter of both."""

    file: str = ""
    expect: tuple[Row, ...] = ()
    never: tuple[Row, ...] = ()
    real: frozenset[str] = frozenset()
    """Ids of opt-ins by which something may really have left; nothing may by any other."""
    unattributed: Literal["inconclusive", "fail"] = "inconclusive"
    contained: Literal["required", "optional"] = "required"
    others: Literal["fail", "allow"] = "fail"
    settle: Settle = Settle()
    line: int = 1


NOTHING_REAL = Expectations(others="allow")
"""What is asked of a run without a file: that nothing was real, and that we would know."""
