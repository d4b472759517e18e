"""Judging rows: what a row asked for against what was found, with a reason in a whole sentence and what came close."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.expectation_row import Row
from policies.expectation_sight import Sight, Unknown
from policies.verification_result import Closest, Difference, Outcome, RowResult
from policies.verification_summary import numbered, shown, summary
from policies.verification_tally import RowTally, Seen, Tally

MOST_CLOSEST = 3
MOST_IDS = 100
DOUBT = "; whether everything was seen is in doubt, so that this is not proved"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What counts for one row of `expect`."""

    effects: int
    ids: tuple[str, ...]
    attempts: int


def judged_expect(
    row: Row, tally: RowTally, claimed: Claimed, *, sound: bool, taken: frozenset[str], whole: Tally, began: datetime
) -> RowResult:
    """`sound`: nothing casts doubt on the evidence. `taken`: ids that count for some row, shown after the others."""

    def result(outcome: Outcome, reason: str, *, near: bool = False) -> RowResult:
        closest = _closest(row, tally, taken, began) if near else ()
        return RowResult(
            row.name, "expect", outcome, reason, row.line, row.expected, claimed.effects,
            claimed.ids[:MOST_IDS], closest,
        )  # fmt: skip

    found = f"{row.count} expected, {claimed.effects or 'none'} found"
    if row.count.most is not None and claimed.effects > row.count.most:
        return result("failed", found)
    if claimed.effects < row.count.least:
        if tally.undecided:
            return result("inconclusive", f"{found}; {_undecided(tally)}", near=True)
        reason = found if claimed.effects or tally.nearly else f"{found}; {_what_was_seen(row, whole)}"
        return result("failed" if sound else "inconclusive", reason + ("" if sound else DOUBT), near=True)
    if row.count.most is not None and claimed.effects + tally.undecided > row.count.most:
        return result("inconclusive", f"{found}; {_undecided(tally)}")
    return _judged_attempts(row, claimed, result, sound=sound)


def _judged_attempts(
    row: Row, claimed: Claimed, result: Callable[[Outcome, str], RowResult], *, sound: bool
) -> RowResult:
    found = f"{row.count} expected, {claimed.effects or 'none'} found"
    if row.attempts is None:
        return result("held", found)
    attempts = f"{found}; {row.attempts} attempts expected, {claimed.attempts or 'none'} seen"
    if row.attempts.holds(claimed.attempts):
        return result("held", attempts)
    proved = sound or (row.attempts.most is not None and claimed.attempts > row.attempts.most)
    return result("failed" if proved else "inconclusive", attempts + ("" if proved else DOUBT))


def judged_never(row: Row, tally: RowTally) -> RowResult:
    """A row of `never`. One that was seen is proved, whatever else is in doubt."""
    closest = tuple(Closest(sight.id, summary(sight.capture)) for sight in tally.shown)
    if tally.found:
        reason = f"{numbered(len(tally.found), 'capture')} of what must never happen"
        return RowResult(
            row.name, "never", "failed", reason, row.line, row.expected, len(tally.found),
            tuple(tally.found[:MOST_IDS]), closest,
        )  # fmt: skip
    if tally.undecided:
        return RowResult(row.name, "never", "inconclusive", _undecided(tally), row.line, row.expected, 0)
    return RowResult(row.name, "never", "held", "nothing of it was seen", row.line, row.expected, 0)


def judged_others(unclaimed: Sequence[Seen]) -> RowResult:
    """Effects that no row claimed; proved are those that no row can have claimed."""
    proved = [seen for seen in unclaimed if not seen.undecided]
    if proved:
        return _others("failed", f"{numbered(len(proved), 'effect')} that no row claims", proved)
    if unclaimed:
        count = numbered(len(unclaimed), "effect")
        return _others("inconclusive", f"{count} of which it cannot be told whether a row claims them", unclaimed)
    return _others("held", "every effect was claimed by a row", ())


def _others(outcome: Outcome, reason: str, unclaimed: Sequence[Seen]) -> RowResult:
    closest = tuple(Closest(seen.id, seen.what) for seen in unclaimed[:10])
    ids = tuple(seen.id for seen in unclaimed[:MOST_IDS])
    return RowResult("nothing else", "others", outcome, reason, found=len(unclaimed), captures=ids, closest=closest)


def _undecided(tally: RowTally) -> str:
    return f"of {numbered(tally.undecided, 'capture')} it cannot be told: {tally.why}"


def _what_was_seen(row: Row, whole: Tally) -> str:
    """Where nothing comes close, what there was instead."""
    if whole.channels[row.channel]:
        return f"{numbered(whole.channels[row.channel], f'{row.channel} capture')}, which only read"
    seen = ", ".join(f"{number} {channel}" for channel, number in sorted(whole.channels.items()))
    none = "nothing was captured at all" if row.channel == "any" else f"no {row.channel} was captured at all"
    return f"{none}, but {seen}" if seen else "nothing was captured at all"


def _closest(row: Row, tally: RowTally, taken: frozenset[str], began: datetime) -> tuple[Closest, ...]:
    """The captures with most conditions met, those first that count for no other row."""
    best = sorted(tally.nearly, key=lambda near: near[:2], reverse=True)
    order = sorted(best, key=lambda near: near[2].id in taken)
    return tuple(_near(row, sight, began) for _, _, sight in order[:MOST_CLOSEST])


def _near(row: Row, sight: Sight, began: datetime) -> Closest:
    differs = [difference for condition in row.conditions if (difference := _difference(condition, sight)) is not None]
    if not row.in_time(sight, began):
        late = (datetime.fromisoformat(sight.capture["at"]) - began).total_seconds()
        differs.append(Difference("within", f"{row.within:g} s", f"{late:.3f} s"))
    return Closest(sight.id, summary(sight.capture), tuple(differs))


def _difference(condition: Any, sight: Sight) -> Difference | None:
    try:
        if condition.holds(sight):
            return None
        actual = shown(condition.actual(sight))
    except Unknown as why:
        actual = f"unknown: {why}"
    return Difference(condition.field, condition.value.text, actual)
