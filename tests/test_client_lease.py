"""A process's lease on its run: asked for at the opening, renewed while its tests run; others' runs are theirs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from client_stage import TOKEN, Stage, api_stage
from client_suite import Suite, suite_in
from pytest_soundstage.connection import open_run
from pytest_soundstage.handed_on import HandedOn
from pytest_soundstage.place import Place
from pytest_soundstage.run_session import RunSession
from pytest_soundstage.trouble import Refused

pytest_plugins = ["pytester"]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with api_stage() as made:
        yield made


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    return monkeypatch


@contextmanager
def session(stage: Stage, lease: float, run: str | None = None) -> Iterator[RunSession]:
    opened, own = open_run(HandedOn(Place(stage.url, TOKEN), run), "pytest shop", lease)
    try:
        yield RunSession(opened, {}, own=own, lease=lease)
    finally:
        opened.wire.close()


def renewals(stage: Stage) -> int:
    return stage.asked.count("POST /api/runs/r/renew")


def test_a_lease_is_asked_for_and_renewed_when_a_quarter_of_it_is_over(stage: Stage, alone: pytest.MonkeyPatch) -> None:
    with session(stage, 1e-6) as ours:
        assert stage.bodies[0] == {"name": "pytest shop", "canaries": True, "lease": 1e-6}
        ours.still_here()
        ours.still_here()
        assert renewals(stage) == 2
    with session(stage, 900.0) as ours:
        ours.still_here()
        assert renewals(stage) == 2, "a test a second asks nothing a second"


def test_without_a_lease_nothing_is_renewed(stage: Stage, alone: pytest.MonkeyPatch) -> None:
    with session(stage, 0.0) as ours:
        assert "lease" not in stage.bodies[0]
        ours.still_here()
        assert renewals(stage) == 0


def test_a_run_of_somebody_else_is_theirs_to_renew(stage: Stage, alone: pytest.MonkeyPatch) -> None:
    with session(stage, 1e-6, run="r") as theirs:
        theirs.still_here()
        assert (renewals(stage), "POST /api/runs" in stage.asked) == (0, False)


def test_a_worker_opens_its_run_inside_the_one_around_it_and_asks_with_its_own_token(
    stage: Stage, alone: pytest.MonkeyPatch
) -> None:
    alone.setenv("PYTEST_XDIST_WORKER", "gw0")
    stage.run |= {"parent": "r", "api_token": "another token"}
    with session(stage, 900.0, run="r") as ours:
        assert stage.bodies[0] == {"name": "pytest shop gw0", "canaries": True, "lease": 900.0, "parent": "r"}
        with pytest.raises(Refused, match="does not accept the token"):
            ours.run.renew()


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    yield from suite_in(pytester, monkeypatch)


@pytest.mark.parametrize("lease", ["0.5", "86401", "soon", "-1"])
def test_a_lease_that_is_none(suite: Suite, lease: str) -> None:
    status, said = suite.run("def test_one(): pass\n", ini=f"soundstage_lease = {lease}")
    assert (status, f"soundstage_lease = {lease} is n" in said) == (pytest.ExitCode.USAGE_ERROR, True), said
