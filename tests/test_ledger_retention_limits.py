"""Retention at its limits: it takes no more than it has to, goes on after trouble, and says what it took."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_stage import Stage, record_of, stage, until, with_body
from small_disk import small_disk_at

from ledger.filters import Filters
from ledger.record import Record
from ledger.retention import Retention
from ledger.runs import Runs
from ledger.trouble import LedgerUnavailable
from policies.body import Body

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def keeper(house: Stage, **limits: Any) -> Retention:
    return Retention(house.ledger, house.store, **{"keep_days": 14, "keep_bytes": 10**10, **limits}, clock=lambda: NOON)


def octets(house: Stage) -> int:
    with closing(sqlite3.connect(house.data_dir / "ledger.sqlite")) as connection:
        return int(connection.execute("SELECT value FROM counters WHERE name = 'octets'").fetchone()[0])


def large(**fields: Any) -> Record:
    """With a body and an answer of 100 kB each, files both."""
    record = with_body(record_of(at=NOON, **fields), Body.of(os.urandom(100_000)))
    return replace(record, reply_body=os.urandom(100_000))


def one_by_one(house: Stage) -> None:
    """Every capture in a removal of its own."""
    while octets(house):
        keeper(house, keep_bytes=octets(house) - 1).sweep()


@pytest.mark.parametrize("excess", [1, 199_000, 201_000, 1_000_000])
async def test_no_more_is_taken_than_has_to_be(tmp_path: Path, excess: int) -> None:
    """Answers count as bodies do, and what is about to be unlinked does not count twice."""
    async with stage(tmp_path / "data") as house:
        await house.record_all([large() for _ in range(30)])
        before = octets(house)
        removed = await asyncio.to_thread(keeper(house, keep_bytes=before - excess).sweep)
        each = before // 30
        assert removed.captures == -(-excess // each)
        assert octets(house) == before - removed.captures * each


async def test_real_answers_count_too(tmp_path: Path) -> None:
    """They come after their captures, and most are short enough to lie beside them."""
    async with stage(tmp_path / "data") as house:
        for size in (50_000, 1_000, 200_000, 60_000):
            departure = record_of(at=NOON, left=True)
            await house.writer.record(replace(departure, reply_body=b""))
            for told in (size // 2, size):
                await house.writer.settle(departure.capture.id, True, replace(departure, reply_body=os.urandom(told)))
        await asyncio.to_thread(keeper(house).sweep)
        assert 311_000 < octets(house) < 320_000
        assert (await asyncio.to_thread(keeper(house, keep_bytes=270_000).sweep)).captures == 1
        await asyncio.to_thread(keeper(house, keep_bytes=0).sweep)
        assert octets(house) == 0


async def test_of_bytes_that_several_captures_name_the_last_one_to_go_frees_them(tmp_path: Path) -> None:
    body = Body.of(os.urandom(100_000))
    async with stage(tmp_path / "data") as house:
        for _ in range(3):
            await house.writer.record(with_body(record_of(at=NOON), body))
        await house.writer.record(large())
        removed = await asyncio.to_thread(keeper(house, keep_bytes=octets(house) - 50_000).sweep)
        assert removed.captures == 3
        assert house.store.file_of(body.sha256) is None


async def test_a_limit_smaller_than_one_capture_takes_all_but_what_an_open_run_needs(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        runs = Runs(house.ledger)
        runs.open("ci-1", "", NOON)
        await house.record_all([large(run="ci-1"), large(run="ci-2"), large(run="ci-1")])
        retention = keeper(house, keep_bytes=1)
        assert [await asyncio.to_thread(lambda: retention.sweep().captures) for _ in range(2)] == [1, 0]
        assert house.reader.count(Filters(run="ci-1")) == house.reader.count(Filters()) == 2
        runs.finish("ci-1", "clean", NOON)
        assert (await asyncio.to_thread(retention.sweep)).captures == 2
        assert (octets(house), house.reader.count(Filters())) == (0, 0)
        assert sum(told["captures"] for told in house.reader.removals()) == 3


async def test_captures_come_in_while_it_takes_what_is_too_much(tmp_path: Path) -> None:
    """Whatever is acknowledged stays or is told of, with its body; nothing else is there."""
    shared = Body.of(os.urandom(100_000))
    async with stage(tmp_path / "data") as house:
        retention, recorded, over = keeper(house, keep_bytes=1_000_000), [0], [False]

        def sweeping() -> None:
            while not over[0]:
                retention.sweep()

        async def sender(number: int) -> None:
            for turn in range(5):
                record = with_body(large(run=f"r{number}"), shared) if turn % 2 else large(run=f"r{number}")
                await house.writer.record(record)
                recorded[0] += 1

        keeping = asyncio.ensure_future(asyncio.to_thread(sweeping))
        await asyncio.gather(*map(sender, range(6)))
        over[0] = True
        await keeping
        kept = house.reader.captures(Filters(), limit=1000).items
        assert all(house.reader.raw(stored.id) for stored in kept)
        assert len(kept) + sum(told["captures"] for told in house.reader.removals()) == recorded[0] == 30
        await asyncio.to_thread(keeper(house, keep_bytes=0).sweep)
        assert octets(house) == 0
        assert not [file for file in (house.data_dir / "bodies").rglob("*") if file.is_file()]


async def test_trouble_of_whatever_kind_does_not_end_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that cannot be unlinked: it says so, takes nothing more in its place, and tries again."""
    first = large()
    async with stage(tmp_path / "data") as house:
        await house.writer.record(first)
        await house.record_all([large() for _ in range(40)])
        file = house.store.file_of(first.kept_body.sha256)
        assert file is not None
        file.unlink()
        file.mkdir()
        retention = keeper(house, keep_bytes=0)
        for _ in range(3):
            with pytest.raises(LedgerUnavailable, match="cannot be unlinked"):
                await asyncio.to_thread(retention.sweep)
        assert house.reader.count(Filters()) > 0
        keeping = asyncio.ensure_future(retention.keep_on())
        await until(lambda: "retention waits" in caplog.text)
        assert not keeping.done()
        keeping.cancel()
        file.rmdir()
        await asyncio.to_thread(retention.sweep)
        assert octets(house) == 0


async def test_so_many_days_that_no_calendar_has_them_are_for_ever(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([record_of(at=NOON - timedelta(days=9000)), large()])
        removed = await asyncio.to_thread(keeper(house, keep_days=10**12, keep_bytes=100_000).sweep)
        assert removed.captures == 2


async def test_a_clock_that_is_moved_ahead_takes_nothing_for_its_age_before_it_may_have_been_moved_back(
    tmp_path: Path,
) -> None:
    now, steady = [NOON], [0.0]

    def passes(wall: timedelta, seconds: float) -> int:
        now[0] += wall
        steady[0] += seconds
        return retention.sweep().captures

    async with stage(tmp_path / "data") as house:
        await house.record_all([record_of(at=NOON) for _ in range(3)])
        retention = Retention(
            house.ledger, house.store, keep_days=14, keep_bytes=10**10, clock=lambda: now[0], steady=lambda: steady[0]
        )
        day, minute = timedelta(days=1), timedelta(minutes=1)
        assert passes(minute, 60) == passes(300 * day, 60) == passes(minute, 60) == 0
        assert passes(-300 * day, 60) == passes(timedelta(hours=2), 7200) == 0
        assert passes(15 * day, 15 * 86_400) == 3, "it is really so late"
        await house.record_all([record_of(at=NOON) for _ in range(2)])
        assert passes(300 * day, 60) == 0
        assert passes(timedelta(hours=1), 3600) == 2, "nobody moved it back"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", 8) as folder:
        yield folder


async def test_a_disk_that_is_full_while_it_takes_is_said_and_what_was_taken_is_told(small_disk: Path) -> None:
    async with stage(small_disk / "data") as house:
        await house.record_all([large() for _ in range(20)])
        filler = small_disk / "filler"
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(bytes(free))
        with pytest.raises(LedgerUnavailable, match="full"):
            await asyncio.to_thread(one_by_one, house)
        kept = house.reader.captures(Filters(), limit=100).items
        assert len(kept) + sum(told["captures"] for told in house.reader.removals()) == 20
        assert all(house.reader.raw(stored.id) for stored in kept)
        filler.unlink()
        await asyncio.to_thread(keeper(house, keep_bytes=0).sweep)
        assert octets(house) == 0
        assert not [file for file in (house.data_dir / "bodies").rglob("*") if file.is_file()]


async def test_a_transaction_takes_tens_of_captures_however_slow_the_machine_is(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([record_of(at=NOON) for _ in range(400)])
        removed = await asyncio.to_thread(keeper(house).purge, Filters())
        assert removed.captures == 400
        assert house.ledger.removals <= 1 + 400 // 20
