"""The end of a run of this process's own: what its end tells of is held against the session too."""

import pytest
from client_stage import TOKEN, api_stage
from pytest_soundstage.connection import open_run
from pytest_soundstage.handed_on import HandedOn
from pytest_soundstage.place import Place
from pytest_soundstage.run_session import RunSession

KNOWN, SINCE = "The gateway was restarted.", "A request of it was still unfinished when it was finished."


def test_a_gap_that_came_after_the_last_look_does_not_let_the_session_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    with api_stage() as stage:
        stage.run["gaps"] = [{"why": KNOWN}]
        stage.at_finish = {"gaps": [{"why": KNOWN}, {"why": SINCE}], "verdict": "inconclusive"}
        run, own = open_run(HandedOn(Place(stage.url, TOKEN), None), "pytest shop", 0.0)
        session = RunSession(run, {}, own=own)
        session.end("clean")
        run.wire.close()
    told = [(problem.verdict, problem.text) for problem in session.problems]
    assert told.count(("inconclusive", SINCE)) == 1
    assert told.count(("inconclusive", KNOWN)) == 1
