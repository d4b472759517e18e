"""The settle barrier: reached only where nothing is unfinished, nothing more came, and the ledger takes everything."""

import asyncio
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.data_dir import prepare
from ledger.runs import Runs
from ledger.store import open_ledger
from ledger.trouble import LedgerUnavailable
from policies.http_request import RunClaim
from sinks.in_flight import InFlight
from soundstage.gateway_runs_settle import Settling


class Stage:
    """One open run and what surrounds it."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self.in_flight = InFlight()
        self.in_flight.watch("r")
        self.trouble: str | None = None
        self.settling = Settling(runs, self.in_flight, lambda: self.trouble)

    def claim(self, run: str = "r") -> RunClaim:
        return RunClaim(run, self.runs.keys.token(run))

    def effect(self, source: str = "10.0.0.1") -> None:
        self.in_flight.judge("effect", "r", source)
        self.in_flight.judged("effect")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    ledger = open_ledger(prepare(tmp_path / "data"), writer=True)
    runs = Runs(ledger)
    for run in ("r", "other"):
        runs.open(run, "", datetime.now(UTC))
    yield Stage(runs)
    ledger.close()


async def test_it_takes_as_long_as_it_is_to_be_quiet(stage: Stage) -> None:
    stage.effect()
    told = await stage.settling.settle("r", 0.05, 10)
    assert told.reached
    assert told.waited >= 0.05


async def test_effects_that_keep_coming_keep_it_from_being_reached(stage: Stage) -> None:
    async def keep_coming() -> None:
        while True:
            stage.effect()
            await asyncio.sleep(0.01)

    coming = asyncio.ensure_future(keep_coming())
    told = await stage.settling.settle("r", 5, 0.1)
    other = await stage.settling.settle("other", 0.01, 10)
    coming.cancel()
    assert not told.reached
    assert re.match(r"captures of the run kept coming: the last was recorded \d+\.\d\d s before", told.why or "")
    assert other.reached


async def test_it_names_what_is_unfinished(stage: Stage) -> None:
    work = stage.in_flight.begin("key", "a request", "10.0.0.1", claim=stage.claim())
    work.host = "api.stripe.com"
    told = await stage.settling.settle("r", 0, 0.05)
    assert not told.reached
    assert re.match(
        r"a request of the run 'r' from 10\.0\.0\.1 to api\.stripe\.com has been unfinished for \d+\.\d s",
        told.why or "",
    )
    asyncio.get_running_loop().call_later(0.05, stage.in_flight.end, "key")
    assert (await stage.settling.settle("r", 0, 10)).reached


async def test_what_nobody_has_claimed_yet_is_waited_for_and_may_be_the_runs(stage: Stage) -> None:
    stage.effect("10.0.0.1")
    work = stage.in_flight.begin("key", "a connection that has been accepted", "10.0.0.1")
    told = await stage.settling.settle("r", 0, 0.05)
    assert (told.why or "").startswith("a connection that has been accepted that nobody has claimed from 10.0.0.1")

    def turn_out_to_be(run: str) -> None:
        work.claim, work.told = stage.claim(run), True

    loop = asyncio.get_running_loop()
    loop.call_later(0.03, turn_out_to_be, "r")
    told = await stage.settling.settle("r", 0, 0.3)
    assert not told.reached
    assert "of the run 'r'" in (told.why or "")
    work.claim, work.told = None, False
    loop.call_later(0.03, turn_out_to_be, "other")
    assert (await stage.settling.settle("r", 0, 10)).reached


async def test_what_comes_from_elsewhere_is_not_waited_for(stage: Stage) -> None:
    stage.effect("10.0.0.1")
    stage.in_flight.begin("key", "a request", "10.0.0.2")
    assert (await stage.settling.settle("r", 0, 5)).reached


async def test_what_begins_after_it_belongs_to_later(stage: Stage) -> None:
    """Others' connections come and go all the time; each is unclaimed for a moment."""
    stage.effect("10.0.0.1")
    numbers = iter(range(10**6))

    async def come_and_go() -> None:
        while True:
            number = next(numbers)
            stage.in_flight.begin(number, "a connection", "10.0.0.1")
            asyncio.get_running_loop().call_later(0.03, stage.in_flight.end, number)
            await asyncio.sleep(0.01)

    coming = asyncio.ensure_future(come_and_go())
    told = await stage.settling.settle("r", 0.02, 5)
    coming.cancel()
    assert told.reached, told.why


async def test_a_ledger_in_trouble_settles_nothing(stage: Stage) -> None:
    stage.trouble = "no space left on device"
    told = await stage.settling.settle("r", 0, 0.05)
    assert (told.reached, told.why) == (False, "the ledger cannot be written: no space left on device.")


async def test_a_finished_run_is_settled(stage: Stage) -> None:
    stage.runs.finish("r", "clean", datetime.now(UTC))
    stage.in_flight.begin("key", "a request", "10.0.0.1")
    told = await stage.settling.settle("r", math.inf, 5)
    assert told.told() == {"reached": True, "why": None, "waited": 0.0}


@pytest.mark.parametrize("judged", [pytest.param("inside", id="the-run-around-it"), pytest.param("r", id="itself")])
async def test_what_a_finished_run_still_has_under_way_is_waited_for(stage: Stage, judged: str) -> None:
    """It may be recorded after the run was ended, and whoever looked before would call the run clean."""
    stage.runs.open("inside", "", datetime.now(UTC), parent="r")
    stage.in_flight.judge("effect", judged, "10.0.0.1")
    stage.runs.finish(judged, "clean", datetime.now(UTC))
    told = await stage.settling.settle("r", 0, 0.05)
    assert not told.reached
    assert (told.why or "").startswith(f"an effect of the run {judged!r}")
    stage.in_flight.judged("effect")
    assert (await stage.settling.settle("r", 0, 5)).reached


async def test_what_is_only_counted_yet_is_written_down_first(stage: Stage) -> None:
    """A question that was repeated is one attempt more, which whoever verifies now must see."""
    told: list[str] = []
    trouble: list[Exception] = [LedgerUnavailable("the disk is full")]

    async def tell() -> None:
        if trouble:
            raise trouble.pop()
        told.append("told")

    settling = Settling(stage.runs, stage.in_flight, lambda: None, tell)
    first = await settling.settle("r", 0, 0)
    assert (first.reached, first.why) == (False, "repeated questions could not be counted: the disk is full.")
    assert (await settling.settle("r", 0, 0)).reached
    assert told == ["told"]
