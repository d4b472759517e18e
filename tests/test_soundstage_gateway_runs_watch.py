"""What makes a run's evidence incomplete is noted on it: restarts, a moved clock, a ledger that cannot be written."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_stage import until

from ledger.data_dir import prepare
from ledger.runs import Runs
from ledger.store import open_ledger
from policies.http_request import RunClaim
from sinks.in_flight import InFlight
from soundstage.gateway_runs_watch import RESTARTED, RunWatch

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """Both clocks, and the ledger's trouble."""

    def __init__(self) -> None:
        self.wall, self.steady = NOON.timestamp(), 50.0
        self.trouble: str | None = None

    def go_on(self, seconds: float, moved: float = 0.0) -> None:
        self.steady += seconds
        self.wall += seconds + moved


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    ledger = open_ledger(prepare(tmp_path / "data"), writer=True)
    made = Runs(ledger)
    made.open("ci-1", "", NOON)
    yield made
    ledger.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def in_flight() -> InFlight:
    return InFlight()


@pytest.fixture
def watch(runs: Runs, in_flight: InFlight, clock: Clock) -> RunWatch:
    return RunWatch(runs, in_flight, lambda: clock.trouble, lambda: clock.wall, lambda: clock.steady)


def gaps(runs: Runs, run: str = "ci-1") -> list[str]:
    runs.troubles.write()
    told = runs.archive.find(run)
    assert told is not None
    return [gap.why for gap in told.gaps]


JUMPS = [
    pytest.param(1.0, 0.0, [], id="a-second"),
    pytest.param(600.0, 0.0, [], id="a-look-that-came-late"),
    pytest.param(1.0, 1.9, [], id="adjusted-a-little"),
    pytest.param(1.0, 3600.0, ["the clock was moved forward by 3600.0 s, or the machine slept."], id="forward"),
    pytest.param(1.0, -3600.0, ["the clock was moved back by 3600.0 s, or the machine slept."], id="back"),
]


@pytest.mark.parametrize(("seconds", "moved", "expected"), JUMPS)
def test_a_clock_that_is_moved(
    runs: Runs, watch: RunWatch, clock: Clock, seconds: float, moved: float, expected: list[str]
) -> None:
    clock.go_on(1.0)
    watch.look()
    clock.go_on(seconds, moved)
    watch.look()
    clock.go_on(1.0)
    watch.look()
    assert gaps(runs) == expected


def test_a_ledger_in_trouble_is_one_gap_as_long_as_it_lasts(runs: Runs, watch: RunWatch, clock: Clock) -> None:
    clock.trouble = "no space left on device"
    for _ in range(30):
        watch.look()
        clock.go_on(1.0)
    clock.trouble = None
    watch.look()
    (pending,) = runs.troubles.pending("ci-1")
    assert (pending.at, pending.until) == (NOON, NOON + timedelta(seconds=29))
    assert gaps(runs) == ["the ledger could not be written: no space left on device."]
    assert runs.troubles.pending("ci-1") == ()
    assert len(runs.troubles) == 0


def test_a_restart_is_a_gap_from_the_last_sign_of_life(runs: Runs, watch: RunWatch, clock: Clock) -> None:
    clock.go_on(600.0)
    watch.restarted(NOON + timedelta(seconds=100))
    runs.open("ci-2", "", NOON + timedelta(seconds=600))
    (pending,) = runs.troubles.pending("ci-1")
    assert (pending.at, pending.until, pending.why) == (
        NOON + timedelta(seconds=100),
        NOON + timedelta(seconds=600),
        RESTARTED,
    )
    assert gaps(runs, "ci-2") == [], "a run that began afterwards misses nothing"


def test_what_could_not_be_recorded_is_the_runs_or_everybodys(runs: Runs, watch: RunWatch) -> None:
    runs.open("ci-2", "", NOON)
    runs.missed("ci-2", NOON, "an effect was refused.")
    assert (gaps(runs, "ci-1"), gaps(runs, "ci-2")) == ([], ["an effect was refused."])
    runs.missed("unattributed", NOON, "an unclaimed effect was refused.")
    assert gaps(runs, "ci-1") == ["an unclaimed effect was refused."]


def test_what_was_refused_before_the_gate_is_missing_too(runs: Runs, in_flight: InFlight, watch: RunWatch) -> None:
    runs.open("ci-2", "", NOON)
    claim = RunClaim("ci-2", runs.keys.token("ci-2"))
    in_flight.begin("key", "a request", "10.0.0.1", claim=claim, told=True)
    in_flight.lose("key", "its body could not be kept")
    in_flight.lose("another", "nothing is entered there")
    watch.look()
    watch.look()
    assert (gaps(runs, "ci-1"), gaps(runs, "ci-2")) == ([], ["a request was refused: its body could not be kept."])


def test_what_is_too_old_ends(runs: Runs, watch: RunWatch, clock: Clock) -> None:
    clock.go_on(24 * 3600.0)
    watch.write()
    assert runs.open_ids == ()


def test_a_run_whose_owner_is_gone_is_abandoned_when_its_lease_is_over(
    runs: Runs, watch: RunWatch, clock: Clock
) -> None:
    """By the steady clock: neither a moved clock nor a machine that slept ends a run."""
    runs.open("leased", "", NOON, lease=60.0)
    watch.called("leased")
    clock.go_on(50.0, moved=7200.0)
    watch.write()
    watch.called("leased")
    clock.go_on(50.0)
    watch.write()
    assert list(runs.open_ids) == ["ci-1", "leased"]
    clock.go_on(11.0)
    watch.write()
    assert list(runs.open_ids) == ["ci-1"], "without a lease a run waits for its owner all day"
    told = runs.archive.find("leased")
    assert told is not None
    assert (told.run.verdict, told.run.ended) == ("inconclusive", "abandoned")


def test_an_owner_that_waits_for_an_answer_is_there_until_it_comes(runs: Runs, watch: RunWatch, clock: Clock) -> None:
    """A run that is settled for longer than its lease must not be ended by the verification that waits for it."""
    runs.open("leased", "", NOON, lease=1.0)
    watch.called("leased", waiting=30.0)
    watch.called("leased")
    clock.go_on(30.5)
    watch.write()
    assert "leased" in runs.open_ids
    clock.go_on(1.0)
    watch.write()
    assert "leased" not in runs.open_ids


def test_a_lease_begins_anew_after_a_restart(runs: Runs, watch: RunWatch, clock: Clock) -> None:
    runs.open("leased", "", NOON, lease=60.0)
    runs.refresh()
    clock.go_on(100.0)
    watch.write()
    clock.go_on(59.0)
    watch.write()
    assert "leased" in runs.open_ids
    clock.go_on(2.0)
    watch.write()
    assert "leased" not in runs.open_ids


def test_two_that_write_at_once_write_each_gap_once(runs: Runs) -> None:
    """The watch does, and whoever asks what became of a run."""
    for number in range(20):
        runs.troubles.note(("ci-1",), NOON, NOON, f"trouble {number}")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(runs.troubles.write) for _ in range(4)]:
            done.result(30)
    assert sorted(gaps(runs)) == sorted(f"trouble {number}" for number in range(20))


async def test_a_failure_that_nobody_foresaw_does_not_end_the_watch(
    runs: Runs, in_flight: InFlight, caplog: pytest.LogCaptureFixture
) -> None:
    failing = [ValueError("a bug")]

    def trouble() -> str | None:
        if failing:
            raise failing.pop()
        return "the disk is full"

    watching = asyncio.ensure_future(RunWatch(runs, in_flight, trouble).keep_on())
    await until(lambda: any("the disk is full" in why for why in gaps(runs)))
    assert "it is tried again" in caplog.text
    watching.cancel()
