"""Verification: a run judged against what was expected of it. Pure: the same evidence gives the same result.

It never passes because nobody was looking: whatever casts doubt on the evidence makes the verdict `inconclusive`, and
only what was really seen proves `violated`, which no doubt takes back.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from policies.expectation import Expectations
from policies.verification_assignment import Fits, assigned
from policies.verification_evidence import Evidence
from policies.verification_path import contained_row, path_rows
from policies.verification_result import Closest, Outcome, Result, RowResult, Verdict
from policies.verification_rows import MOST_IDS, Claimed, judged_expect, judged_never, judged_others
from policies.verification_summary import numbered, summary
from policies.verification_tally import SHOWN, TELEMETRY, Seen, Tally

MOST_UNATTRIBUTED = 1000
"""Captures that nobody claimed which are looked at: one is enough to doubt."""


def verify(expectations: Expectations, evidence: Evidence, *, allow_uncontained: bool = False) -> Result:
    """The verdict and a result for each row. Looks at each capture once."""
    state = evidence.state
    tally = Tally(expectations, evidence)
    tally.look(evidence.captures())
    looked_at = tally.channels.total()
    around = [
        _real(expectations, tally),
        _unattributed(expectations, evidence),
        contained_row(state, expectations, allow_uncontained=allow_uncontained),
        *path_rows(state, looked_at=looked_at, shortcomings=evidence.shortcomings()),
    ]
    sound = all(row.outcome == "held" for row in around if row.kind != "real_side_effects")
    rows = [*_judged(expectations, tally, evidence, sound=sound), *around]
    verdict = _verdict(rows)
    return Result(
        run=state.id,
        verdict=verdict,
        reasons=tuple(_reasons(rows)),
        settled=state.settled,
        rows=tuple(rows),
        counts={**state.counts, "judged": looked_at, **({"children": len(state.children)} if state.children else {})},
    )


def _verdict(rows: Iterable[RowResult]) -> Verdict:
    outcomes = {row.outcome for row in rows}
    if "failed" in outcomes:
        return "violated"
    return "inconclusive" if "inconclusive" in outcomes else "clean"


def _reasons(rows: Sequence[RowResult]) -> list[str]:
    """What is proved wrong first."""
    wrong = sorted((row for row in rows if row.outcome != "held"), key=lambda row: row.outcome != "failed")
    return [f"{row.name}: {row.reason}" for row in wrong]


def _judged(expectations: Expectations, tally: Tally, evidence: Evidence, *, sound: bool) -> list[RowResult]:
    claims = _claims(expectations, tally.seen)
    taken = frozenset(id_ for claim in claims for id_ in claim.ids)
    began = evidence.state.began
    rows = [
        judged_expect(row, met, claim, sound=sound, taken=taken, whole=tally, began=began)
        for row, met, claim in zip(expectations.expect, tally.expect, claims, strict=True)
    ]
    rows += [judged_never(row, met) for row, met in zip(expectations.never, tally.never, strict=True)]
    if expectations.others == "fail":
        unclaimed = [seen for seen in tally.seen if seen.is_effect and seen.id not in taken]
        rows.append(judged_others(sorted(unclaimed, key=lambda seen: seen.id)))
    return rows


def _claims(expectations: Expectations, captures: Sequence[Seen]) -> list[Claimed]:
    """What counts for each row, whatever the order of rows and captures."""
    rows = expectations.expect
    order = sorted(range(len(rows)), key=lambda number: (rows[number].expected, rows[number].name))
    rank = {number: at for at, number in enumerate(order)}
    effects: dict[str, list[Seen]] = {}
    for seen in sorted(captures, key=lambda seen: seen.id):
        if seen.fits:
            effects.setdefault(seen.root, []).append(seen)
    alike: dict[Fits, list[list[Seen]]] = {}
    for effect in effects.values():
        fits = tuple(sorted({rank[number] for seen in effect for number in seen.fits}))
        alike.setdefault(fits, []).append(effect)
    supply = {fits: len(found) for fits, found in alike.items()}
    flow = assigned(supply, [rows[number].count for number in order])
    claimed: list[list[list[Seen]]] = [[] for _ in rows]
    for fits, found in alike.items():
        waiting = iter(found)
        for at in fits:
            claimed[order[at]] += islice(waiting, flow.get((fits, at), 0))
    return [_claim(number, effects_) for number, effects_ in enumerate(claimed)]


def _claim(number: int, effects: list[list[Seen]]) -> Claimed:
    own = [seen for effect in effects for seen in effect if number in seen.fits]
    return Claimed(len(effects), tuple(seen.id for seen in own), sum(seen.times for seen in own))


def _real(expectations: Expectations, tally: Tally) -> RowResult:
    name, line = "nothing real", expectations.line
    only = f"nothing but by {', '.join(sorted(expectations.real))}" if expectations.real else "nothing"
    expected = f"{only} really leaves"
    if not tally.real_count:
        return RowResult(name, "real_side_effects", "held", f"{only} left", line, expected, 0)
    count = numbered(tally.real_count, "effect")
    closest = tuple(Closest(sight.id, f"{summary(sight.capture)} by {sight.capture['rule']}") for sight in tally.real)
    ids = tuple(sight.id for sight in tally.real[:MOST_IDS])
    reason = f"{count} that may really have left"
    return RowResult(name, "real_side_effects", "failed", reason, line, expected, tally.real_count, ids, closest)


def _unattributed(expectations: Expectations, evidence: Evidence) -> RowResult:
    name = "everything attributed"
    if evidence.state.own_entrance and evidence.state.parent is None:
        return RowResult(name, "unattributed", "held", "it has an entrance of its own, which nobody else can use")
    stray = (capture for capture in evidence.unattributed() if _is_stray(capture["channel"], capture["flags"]))
    found = list(islice(stray, MOST_UNATTRIBUTED))
    if not found:
        return RowResult(name, "unattributed", "held", "nobody's captures fall into its time", found=0)
    more = "or more " if len(found) == MOST_UNATTRIBUTED else ""
    channels = ", ".join(f"{number} {channel}" for channel, number in sorted(Counter(_channels(found)).items()))
    count = f"{numbered(len(found), 'capture')} {more}({channels})"
    nobody = "nobody" if evidence.state.parent is None else f"nobody but the run around it, {evidence.state.parent},"
    reason = f"{count} that {nobody} claimed while it was open, which may be its own"
    closest = tuple(Closest(str(one["id"]), summary(one)) for one in found[:SHOWN])
    ids = tuple(str(one["id"]) for one in found[:MOST_IDS])
    outcome: Outcome = "failed" if expectations.unattributed == "fail" else "inconclusive"
    return RowResult(name, "unattributed", outcome, reason, found=len(found), captures=ids, closest=closest)


def _channels(captures: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (str(capture["channel"]) for capture in captures)


def _is_stray(channel: str, flags: Sequence[str]) -> bool:
    """Name lookups are asked by everybody's resolver, and tell nothing of who sent what."""
    return channel != "dns" and TELEMETRY not in flags
