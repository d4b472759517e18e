"""What is unfinished: whose it is, when that can be told, and that nothing of it stays behind."""

import pytest

from policies.effect import UNATTRIBUTED
from policies.http_request import RunClaim
from sinks.in_flight import SOURCES_KEPT, InFlight


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def register(clock: Clock) -> InFlight:
    return InFlight(clock)


def run_of(claim: RunClaim | None, source: str) -> str:
    """`r` claims 10.0.0.9."""
    if claim is not None:
        return claim.run
    return "r" if source == "10.0.0.9" else UNATTRIBUTED


WHOSE = [
    pytest.param(RunClaim("r", ""), "10.0.0.1", False, "r", id="claimed"),
    pytest.param(RunClaim("s", ""), "10.0.0.9", True, "s", id="claimed-by-another"),
    pytest.param(None, "10.0.0.9", False, "r", id="by-its-source"),
    pytest.param(None, "10.0.0.1", False, None, id="not-told-yet"),
    pytest.param(None, "10.0.0.1", True, UNATTRIBUTED, id="nobodys"),
]


@pytest.mark.parametrize(("claim", "source", "told", "run"), WHOSE)
def test_whose_it_is(register: InFlight, claim: RunClaim | None, source: str, told: bool, run: str | None) -> None:
    work = register.begin("key", "a request", source, claim=claim, told=told)
    assert work.run_by(run_of) == run
    assert list(register.of_run("r", run_of)) == ([work] if run == "r" else [])
    assert register.perhaps_of("r", run_of) == ([work] if run in (None, UNATTRIBUTED) else [])


def test_what_may_be_a_runs_comes_from_where_it_was_seen(register: InFlight, clock: Clock) -> None:
    register.watch("r")
    register.judge("effect", "r", "10.0.0.1")
    assert [work.source for work in register.of_run("r", run_of)] == ["10.0.0.1"]
    clock.now = 101.0
    register.judged("effect")
    assert register.last_of("r") == 101.0
    near = register.begin("near", "a request", "10.0.0.1")
    register.begin("far", "a request", "10.0.0.2")
    assert register.perhaps_of("r", run_of) == [near]
    for number in range(SOURCES_KEPT + 1):
        register.judge(number, "r", f"10.1.0.{number}")
        register.judged(number)
    assert len(register.perhaps_of("r", run_of)) == 2, "seen from too many places to tell"


def test_what_is_idle_has_not_begun(register: InFlight) -> None:
    silent = True
    work = register.begin("key", "a connection", "10.0.0.1")
    work.idle = lambda: silent
    assert register.perhaps_of("r", run_of) == []
    assert not register.holds(work)
    silent = False
    assert register.perhaps_of("r", run_of) == [work]
    assert register.holds(work)
    register.begin("key", "a request", "10.0.0.1")
    assert not register.holds(work), "the same connection has gone on to something else"


def test_nothing_stays_behind(register: InFlight) -> None:
    for number in range(1000):
        run = f"r-{number}"
        register.watch(run)
        register.begin(run, "a request", "10.0.0.1")
        register.judge(number, run, "10.0.0.1")
        register.judged(number)
        register.judged(number)
        register.end(run)
        register.end(run)
        register.forget(run)
    assert register.size == 0
    assert register.last_of("r-1") == 0.0


def test_an_effect_that_is_judged_is_the_same_work_whenever_somebody_asks(register: InFlight, clock: Clock) -> None:
    register.judge("effect", UNATTRIBUTED, "10.0.0.1")
    clock.now = 107.0
    [work] = register.perhaps_of("r", run_of)
    assert (work.what, work.source, work.since, work.run) == ("an effect", "10.0.0.1", 100.0, UNATTRIBUTED)
    assert register.perhaps_of("r", run_of) == [work]
    assert register.holds(work)
    register.lose("effect", "it was lost")
    register.judged("effect")
    assert not register.holds(work)
    assert register.lost() == [(work, "it was lost")]


def test_an_effect_somebody_asked_about_still_tells_its_run_when_it_is_on_record(
    register: InFlight, clock: Clock
) -> None:
    register.watch("r")
    register.judge("effect", "r", "10.0.0.1")
    assert len(list(register.of_run("r", run_of))) == 1
    clock.now = 101.0
    register.judged("effect")
    assert register.last_of("r") == 101.0
