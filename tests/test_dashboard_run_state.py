"""A run's state as verification judges it: who ended it counts, whatever the clocks say of how long it was open."""

from typing import Any

import pytest

from dashboard.run_state import state_of
from policies.verification_result import Settled

NOON, LATER = "2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z"
COUNTS = {"captures": 1, "left": 0, "channels": {}, "verdicts": {}, "wrong_token": 0}


def run(**fields: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "listener": None,
        "canaries": None,
        "gaps": [],
        "windows": [],
        "children": [],
        "counts": COUNTS,
    }
    times = {"opened_at": NOON, "finished_at": LATER, "contained": "namespace"}
    return {"id": "gw0", "parent": None, "lease": None, "ended": None, **plain, **times, **fields}


def doubts(told: dict[str, Any], around: dict[str, Any] | None) -> str:
    return "; ".join(state_of(told, None, Settled(True), around).gaps)


WITH_IT = "the run around it was finished before it"
ENDED = [
    pytest.param({}, None, "", id="by-its-owner"),
    pytest.param(
        {"ended": "abandoned", "lease": 5.0}, None, "nobody was heard of who owned it for 5 s", id="abandoned"
    ),
    pytest.param({"ended": "expired"}, None, "it was open for a day", id="expired-by-a-clock-that-was-moved-back"),
    pytest.param({"ended": "parent"}, run(id="around"), WITH_IT, id="with-its-parent"),
    pytest.param({"ended": "expired"}, run(id="around", ended="expired"), WITH_IT, id="with-one-that-expired"),
    pytest.param({"ended": "abandoned"}, run(id="around", ended="abandoned"), WITH_IT, id="with-one-abandoned"),
    pytest.param(
        {"ended": "abandoned", "lease": 5.0},
        run(id="around", finished_at="2026-11-22T13:00:00Z"),
        "nobody was heard of who owned it for 5 s",
        id="abandoned-inside-another",
    ),
]


@pytest.mark.parametrize(("fields", "around", "says"), ENDED)
def test_who_ended_it(fields: dict[str, Any], around: dict[str, Any] | None, says: str) -> None:
    parent = None if around is None else "around"
    told = doubts(run(parent=parent, **fields), around)
    assert (told.startswith(says), bool(told)) == (True, bool(says)), told
