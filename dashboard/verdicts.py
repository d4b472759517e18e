"""Verdicts: what verifying a run found, row by row, for who looks at the run afterwards.

Kept in memory, for as long as the dashboard runs: a row quotes captures, and what `purge` takes must be gone. The
verdict itself stands on the run, and is kept with it.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from policies.verification_result import Result

KEPT = 200
"""Results; the oldest goes first."""
LONGEST = 1000
"""Rows of one that are kept."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One result: of a run or of a window of it (by its id), by the file as it was called."""

    at: datetime
    window: str | None
    file: str | None
    result: Result


class Verdicts:
    """The latest of each run and of each of its windows."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str | None], Judged] = OrderedDict()

    def keep(self, result: Result, window: str | None, file: str | None) -> None:
        """In place of an earlier one. Without the ids of all that a row claimed: a run may have 100,000."""
        key = (result.run, window)
        rows = tuple(replace(row, captures=()) for row in result.rows[:LONGEST])
        self._kept.pop(key, None)
        self._kept[key] = Judged(self._clock(), window, file, replace(result, rows=rows))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def of(self, run: str) -> list[Judged]:
        """Of the whole run first, then of its windows, the latest first."""
        found = [judged for (of, _), judged in reversed(self._kept.items()) if of == run]
        return sorted(found, key=lambda judged: judged.window is not None)
