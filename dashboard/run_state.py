"""A run's JSON, as the gateway tells it, made into what verification judges: its state, its stretch of time. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from dashboard.problem import Problem
from dashboard.run_evidence import LATE, Stretch
from ledger.runs import OPEN_AT_MOST
from policies.verification_children import ChildState, doubts_of
from policies.verification_evidence import RunState
from policies.verification_result import Settled

LONGEST = timedelta(microseconds=OPEN_AT_MOST)


def window_of(run: Mapping[str, Any], window_id: str | None) -> Mapping[str, Any] | None:
    if window_id is None:
        return None
    for window in run["windows"]:
        if window["id"] == window_id:
            found: Mapping[str, Any] = window
            return found
    raise Problem(
        404, f"There is no window {window_id!r} of the run {run['id']!r}.", parameter="window", value=window_id
    )


def state_of(
    run: Mapping[str, Any],
    window: Mapping[str, Any] | None,
    settled: Settled,
    around: Mapping[str, Any] | None = None,
) -> RunState:
    """Of a window, canaries are not asked: they are sent at the run's own beginning and end.

    `around`: the run that it was opened inside of. What was missed there may have been this one's.
    """
    part = run if window is None else window
    counts = run["counts"]
    return RunState(
        id=run["id"],
        began=_moment(part["opened_at"]),
        contained=run["contained"],
        settled=settled,
        own_entrance=run["contained"] == "namespace" or bool(run["listener"]),
        canaries=None if window is not None else run["canaries"],
        gaps=tuple(dict.fromkeys((*_ended_for(run, around), *_gaps(run, part, around)))),
        wrong_token=counts["wrong_token"],
        seen=counts["captures"] > 0 or any(child["counts"]["captures"] for child in run["children"]),
        counts=counts,
        parent=run["parent"],
        children=tuple(_child(child, part, whole=window is None) for child in run["children"]),
    )


def _child(child: Mapping[str, Any], part: Mapping[str, Any], *, whole: bool) -> ChildState:
    """As its parent sees it; of a window of the parent, what was missed meanwhile."""
    gaps = [_told(gap) for gap in child["gaps"] if _within(gap, part, whole=whole)]
    doubts = doubts_of(
        at_work=whole and child["open"],
        ended=child["ended"] if whole else None,
        canaries=child["canaries"] if whole else None,
        gaps=gaps,
        wrong_token=child["counts"]["wrong_token"],
    )
    return ChildState(child["id"], child["name"], child["counts"]["captures"], doubts)


def _gaps(run: Mapping[str, Any], part: Mapping[str, Any], around: Mapping[str, Any] | None) -> Iterator[str]:
    whole = part is run
    yield from (_told(gap) for gap in run["gaps"] if _within(gap, part, whole=whole))
    if around is not None:
        yield from (_told(gap) for gap in around["gaps"] if _within(gap, part, whole=False))


def _ended_for(run: Mapping[str, Any], around: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What it did after it was ended by somebody else was not booked to it."""
    ended, finished = run["ended"], run["finished_at"]
    with_it = around is not None and finished is not None and around["finished_at"] == finished
    if ended == "parent" or (ended is not None and with_it):
        return ("the run around it was finished before it",)
    if ended == "abandoned":
        return (f"nobody was heard of who owned it for {run['lease']:g} s, and it was then ended",)
    if ended is None and (finished is None or _moment(finished) - _moment(run["opened_at"]) < LONGEST):
        return ()
    return ("it was open for a day and was then ended, whether it was done or not",)


def _within(gap: Mapping[str, Any], part: Mapping[str, Any], *, whole: bool) -> bool:
    """A gap counts for a window that it touches. Captures that were taken may be anybody's, and are noted later."""
    closed = part.get("closed_at") or part.get("finished_at")
    touches = _moment(gap["until"]) >= _moment(part["opened_at"])
    return whole or (touches and (closed is None or _moment(gap["at"]) <= _moment(closed))) or "capture" in gap["why"]


def _told(gap: Mapping[str, Any]) -> str:
    return f"{str(gap['why']).rstrip('.')} (at {gap['at']})"


def stretch_of(run: Mapping[str, Any], window: Mapping[str, Any] | None) -> Stretch:
    """Of a finished run, what nobody claimed shortly after may be its own that came late."""
    if window is not None:
        return Stretch(window["opened_seq"], window["closed_seq"], whole=False)
    finished = run["finished_at"]
    late = None if finished is None else _moment(finished) + LATE
    return Stretch(run["opened_seq"], run["finished_seq"], late)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
