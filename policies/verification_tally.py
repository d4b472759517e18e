"""Tally: a run's captures looked at once, one by one, and only what judging needs kept of each."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policies.expectation import Expectations
from policies.expectation_row import Row
from policies.expectation_sight import Sight, Unknown
from policies.verification_evidence import Evidence
from policies.verification_summary import summary

TELEMETRY = "telemetry"
"""The flag of what a provider's SDK tells it about itself."""
CLOSEST = 8
"""Captures that nearly match, kept a row."""
SHOWN = 10
"""Captures shown of what must not be there."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One capture that some row fits, or that is an effect no row may have claimed."""

    id: str
    root: str
    """The first attempt of it: repeats with its idempotency key are the same effect."""
    fits: tuple[int, ...]
    """Rows of `expect`, by their number."""
    times: int
    is_effect: bool
    undecided: bool
    """Some row might fit it, which cannot be told."""
    what: str


@dataclass
class RowTally:
    """What one row met."""

    found: list[str] = field(default_factory=list)
    """Ids, of a row of `never` alone."""
    shown: list[Sight] = field(default_factory=list)
    undecided: int = 0
    why: str = ""
    """Why the first undecided one is."""
    nearly: list[tuple[int, str, Sight]] = field(default_factory=list)


class Tally:
    """Looks at captures. `seen`, the rows' tallies, `real` and `channels` are what was found."""

    def __init__(self, expectations: Expectations, evidence: Evidence) -> None:
        self._expectations = expectations
        self._evidence = evidence
        self._began = evidence.state.began
        self.expect = [RowTally() for _ in expectations.expect]
        self.never = [RowTally() for _ in expectations.never]
        self._rows = _Rows(_ByChannel(expectations.expect, self.expect), _ByChannel(expectations.never, self.never))
        self.seen: list[Seen] = []
        self.real: list[Sight] = []
        self.real_count = 0
        self.channels: Counter[str] = Counter()

    def look(self, captures: Iterable[Mapping[str, Any]]) -> None:
        """Look at each, once."""
        for capture in captures:
            self._look_at(Sight(capture, self._evidence.detail))

    def _look_at(self, sight: Sight) -> None:
        capture = sight.capture
        self.channels[capture["channel"]] += 1
        if capture["left"] and capture["rule"] not in self._expectations.real:
            self.real_count += 1
            if len(self.real) < SHOWN:
                self.real.append(sight)
        forbidden = self._forbidden(sight)
        fits, undecided = self._fitting(sight)
        sight.forget()
        is_effect = not forbidden and is_effect_of_its_own(capture)
        if fits or is_effect:
            root = str(capture.get("attempt_of") or sight.id)
            self.seen.append(Seen(sight.id, root, fits, _times(capture), is_effect, undecided, summary(capture)))

    def _fitting(self, sight: Sight) -> tuple[tuple[int, ...], bool]:
        fits: list[int] = []
        undecided = False
        for number, row, tally in self._rows.expect(sight.capture["channel"]):
            if not row.meant(sight):
                continue
            score = _score(row, tally, sight, self._began)
            if score is None:
                undecided = True
            elif score == MATCH:
                fits.append(number)
            elif score >= 0:
                _keep_nearly(tally, score, sight)
        return tuple(fits), undecided

    def _forbidden(self, sight: Sight) -> bool:
        found = False
        for _, row, tally in self._rows.never(sight.capture["channel"]):
            if _score(row, tally, sight, self._began) == MATCH:
                found = True
                tally.found.append(sight.id)
                if len(tally.shown) < SHOWN:
                    tally.shown.append(sight)
        return found


class _ByChannel:
    """The rows that may speak of a channel, with their numbers and tallies."""

    def __init__(self, rows: Sequence[Row], tallies: Sequence[RowTally]) -> None:
        self._numbered = [(number, row, tallies[number]) for number, row in enumerate(rows)]
        self._found: dict[str, list[tuple[int, Row, RowTally]]] = {}

    def __call__(self, channel: str) -> list[tuple[int, Row, RowTally]]:
        if channel not in self._found:
            self._found[channel] = [entry for entry in self._numbered if entry[1].channel in ("any", channel)]
        return self._found[channel]


@dataclass(frozen=True, slots=True)
class _Rows:
    expect: _ByChannel
    never: _ByChannel


MATCH = -1
"""The score of a capture that matches a row; of others it is how many conditions hold, or `FAR`."""
FAR = -2
"""It does not match, nor comes closer than those that are kept."""


def _score(row: Row, tally: RowTally, sight: Sight, began: datetime) -> int | None:
    """None where it cannot be told, because a body is not there to be read and all else holds."""
    holding, unknown = 0, ""
    failed = row.within is not None and not row.in_time(sight, began)
    for at, condition in enumerate(row.conditions):
        if failed and (condition.deep or _is_far(tally, holding + len(row.conditions) - at, sight.id)):
            return holding if condition.deep else FAR
        try:
            held = condition.value.holds(condition.look(sight))
        except Unknown as why:
            unknown = unknown or str(why)
            continue
        holding += held
        failed = failed or not held
    if unknown and not failed:
        tally.undecided += 1
        tally.why = tally.why or unknown
        return None
    return holding if failed else MATCH


def _is_far(tally: RowTally, best: int, id_: str) -> bool:
    """Whether a capture that can have `best` conditions holding is not worth a closer look."""
    return len(tally.nearly) >= CLOSEST and (best, id_) <= tally.nearly[0][:2]


def _keep_nearly(tally: RowTally, score: int, sight: Sight) -> None:
    """The best few; of equals the latest, whatever the order they come in."""
    entry = (score, sight.id, sight)
    if len(tally.nearly) < CLOSEST:
        heapq.heappush(tally.nearly, entry)
    elif entry[:2] > tally.nearly[0][:2]:
        heapq.heapreplace(tally.nearly, entry)


def is_effect_of_its_own(capture: Mapping[str, Any]) -> bool:
    """Whether `others: fail` speaks of it: a write or a raw connection, but no name lookup and no telemetry."""
    changes = capture["intent"] in ("write", "connect")
    return changes and capture["channel"] != "dns" and TELEMETRY not in capture["flags"]


def _times(capture: Mapping[str, Any]) -> int:
    """How often: repeated questions to DNS are counted on the first."""
    count = capture["facts"].get("count", 1) if capture["channel"] == "dns" else 1
    return count if isinstance(count, int) else 1
