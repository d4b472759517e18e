"""Run: the values of attribution: a run, its windows, its gaps, whom a capture belongs to. No database, no clock."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from policies.effect import UNATTRIBUTED

ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
"""Of base32 (RFC 4648): nothing a person takes for something else."""


class UnknownRun(Exception):
    """There is no such run or window: whoever asked must name another."""


class RunConflict(Exception):
    """What was asked cannot be beside what is there: a taken id, a second window, a run that is finished."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom an effect belongs to."""

    run: str = UNATTRIBUTED
    window: str | None = None
    flags: tuple[str, ...] = ()
    """To add to the effect's own."""


NOBODY = Owner()


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it is kept."""

    id: str
    name: str
    opened_at: datetime
    opened_seq: int = 0
    """The last capture committed before it began."""
    finished_at: datetime | None = None
    finished_seq: int | None = None
    verdict: str | None = None
    contained: str = "no"
    """`no`, `namespace` or `doctor`."""
    wrong_tokens: int = 0
    """How often somebody named it with a token that is not its own."""
    sources: tuple[str, ...] = ()
    """Networks (CIDR) whose traffic it claims."""
    listener: Mapping[str, str] | None = None
    """Where listeners of its own are bound, by what they speak: `{"smtp": "127.0.0.1:40125", ...}`."""
    canaries: Mapping[str, Mapping[str, bool]] | None = None
    """`{"begin": {"http": ..., "smtp": ...}, "end": ...}`: which have arrived; None: none are expected."""
    services: tuple[str, ...] = ()
    """What its namespace lets through to the machine around it: ports and paths."""
    parent: str | None = None
    """The run it was opened inside of, which it does not outlast."""
    lease: float | None = None
    """Seconds without a word from its owner after which it is abandoned; None: as long as any run may be open."""
    ended: str | None = None
    """Why Soundstage ended it itself: one of ENDED; None where its owner did, or it is open."""

    @property
    def is_open(self) -> bool:
        return self.finished_at is None


@dataclass(frozen=True, slots=True)
class RunWindow:
    """A stretch of a run that is one test's."""

    id: str
    run: str
    name: str
    opened_at: datetime
    opened_seq: int
    closed_at: datetime | None = None
    closed_seq: int | None = None


@dataclass(frozen=True, slots=True)
class RunGap:
    """When and why a run's evidence may not be whole. `why` is a whole sentence."""

    at: datetime
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class RunStory:
    """A run with all that is kept of it beside its captures."""

    run: Run
    windows: tuple[RunWindow, ...] = ()
    gaps: tuple[RunGap, ...] = ()
    children: tuple["RunStory", ...] = ()
    """Runs opened inside it, oldest first, without their windows."""


def checked_id(text: str) -> str:
    """A run's id as somebody gave it. ValueError with what would be right."""
    if not ID.fullmatch(text):
        raise ValueError(
            f"the run id {text[:100]!r} is none: it has to be 1 to 64 of a-z, 0-9, '.', '_' and '-', "
            "and begin with a letter or a digit"
        )
    return text


def made_id(prefix: str) -> str:
    """`run-` or `w-` and ten characters: 50 bits."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(10))


ENDED = ("abandoned", "expired", "parent")
"""Its owner was not heard of for its lease; it was open for as long as a run may be; its parent was finished."""
NO_CANARIES = {"begin": {"http": False, "smtp": False}, "end": {"http": False, "smtp": False}}
"""Of a run whose canaries are expected, none of them here yet."""
