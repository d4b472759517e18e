"""Letting go: what is old or too much, what somebody asked for, and never what an open run needs."""

import asyncio
import os
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_stage import Stage, mail_of, record_of, stage, with_body

from ledger.filters import Filters
from ledger.reply import KeptObject
from ledger.retention import OpenRunWouldLose, Retention
from ledger.runs import Runs
from policies.body import Body

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TABLES = ("captures", "evidence", "recipients", "replays", "bodies", "tallies", "minutes")


def retention(house: Stage, *, days: float = 14, octets: int = 10**10, now: datetime = NOON) -> Retention:
    return Retention(house.ledger, house.store, keep_days=days, keep_bytes=octets, clock=lambda: now)


def rows_in(house: Stage, table: str, file: str = "ledger.sqlite") -> int:
    connection = sqlite3.connect(house.data_dir / file)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()


async def test_what_is_too_old_goes_with_everything_beside_it(tmp_path: Path) -> None:
    old = NOON - timedelta(days=15)
    async with stage(tmp_path / "data") as house:
        await house.record_all([mail_of("old", ["a@example.com"], text="sesame", at=old) for _ in range(60)])
        await house.writer.record(with_body(record_of(at=old), Body.of(os.urandom(100_000))))
        house.indexer.catch_up()
        removed = await asyncio.to_thread(retention(house).sweep)
        assert removed.captures == 61
        assert {table: rows_in(house, table) for table in TABLES} == dict.fromkeys(TABLES, 0)
        assert not [file for file in (house.data_dir / "bodies").rglob("*") if file.is_file()]
        (told,) = house.reader.removals()
        assert (told["why"], told["captures"]) == ("age", 61)
        assert house.reader.count(Filters()) == 0
        assert house.reader.last_seq() == 61
        await house.writer.record(record_of())
        assert house.reader.last_seq() == 62


async def test_what_is_young_stays(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([record_of(at=NOON - timedelta(days=days)) for days in (15, 13, 1)])
        await asyncio.to_thread(retention(house).sweep)
        assert house.reader.count(Filters()) == 2
        assert [stored.seq for stored in house.reader.captures(Filters()).items] == [3, 2]
        assert house.reader.timeline(60, NOON - timedelta(days=30)) != []


async def test_the_oldest_go_where_it_is_too_much(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        for _ in range(10):
            await house.writer.record(with_body(record_of(at=NOON), Body.of(os.urandom(100_000))))
        await asyncio.to_thread(retention(house, octets=550_000).sweep)
        kept = [stored.seq for stored in house.reader.captures(Filters()).items]
        assert kept == list(range(10, 10 - len(kept), -1))
        assert len(kept) == 5
        assert len([file for file in (house.data_dir / "bodies").rglob("*") if file.is_file()]) == len(kept)
        assert [told["why"] for told in house.reader.removals()] == ["bytes"]


async def test_an_open_run_keeps_its_captures_for_a_day(tmp_path: Path) -> None:
    old = NOON - timedelta(days=20)
    async with stage(tmp_path / "data") as house:
        runs = Runs(house.ledger)
        runs.open("ci-1", "a run", NOON - timedelta(hours=23))
        runs.open("ci-2", "a forgotten run", NOON - timedelta(hours=25))
        await house.record_all(
            [record_of(at=old, run="ci-1"), record_of(at=old, run="ci-2"), record_of(at=old, run="ci-3")]
        )
        await asyncio.to_thread(retention(house, octets=0).sweep)
        assert [stored.capture.effect.run for stored in house.reader.captures(Filters()).items] == ["ci-1"]
        runs.finish("ci-1", "clean", NOON)
        await asyncio.to_thread(retention(house).sweep)
        assert house.reader.count(Filters()) == 0


async def test_a_purge_that_would_cost_an_open_run_its_evidence_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        Runs(house.ledger).open("ci-1", "a run", NOON)
        await house.record_all([record_of(run="ci-1"), record_of(run="ci-2", channel="sms")])
        with pytest.raises(OpenRunWouldLose, match="'ci-1' is still open"):
            await asyncio.to_thread(retention(house).purge, Filters())
        assert house.reader.count(Filters()) == 2
        removed = await asyncio.to_thread(retention(house).purge, Filters(channel="sms"))
        assert removed.captures == 1
        assert house.reader.count(Filters()) == 1
        assert house.reader.removals()[0]["why"] == "asked"


async def test_a_body_that_another_capture_names_stays(tmp_path: Path) -> None:
    body = Body.of(os.urandom(100_000))
    first, second = with_body(record_of(run="a"), body), with_body(record_of(run="b"), body)
    async with stage(tmp_path / "data") as house:
        await house.record_all([first, second])
        await asyncio.to_thread(retention(house).purge, Filters(run="a"))
        assert house.reader.raw(second.capture.id) == body.data
        await asyncio.to_thread(retention(house).purge, Filters(run="b"))
        assert house.store.file_of(body.sha256) is None
        assert rows_in(house, "bodies") == 0


async def test_captures_and_removals_of_the_same_bytes_at_once_lose_nothing(tmp_path: Path) -> None:
    body = Body.of(os.urandom(70_000))
    async with stage(tmp_path / "data") as house:
        keeper = retention(house)

        async def record(number: int) -> None:
            kept = with_body(record_of(run=f"r{number}"), body)
            await house.writer.record(kept)
            assert house.reader.raw(kept.capture.id) == body.data
            await asyncio.to_thread(keeper.purge, Filters(run=f"r{number}"))

        await asyncio.gather(*(record(number) for number in range(30)))
        assert house.reader.count(Filters()) == 0
        last = with_body(record_of(), body)
        await house.writer.record(last)
        assert house.reader.raw(last.capture.id) == body.data


async def test_objects_outlive_a_purge_but_not_their_age(tmp_path: Path) -> None:
    record = replace(record_of(at=NOON), keep=(KeptObject("customer", "cus_1", {"id": "cus_1"}),))
    later = replace(record_of(at=NOON), keep=(KeptObject("customer", "cus_2", {"id": "cus_2"}),))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record)
        await asyncio.to_thread(retention(house).purge, Filters())
        assert rows_in(house, "objects") == 1
        await house.writer.record(later)
        await asyncio.to_thread(retention(house, now=NOON + timedelta(days=15)).sweep)
        assert rows_in(house, "objects") == 1
        assert house.reader.count(Filters()) == 0


async def test_what_was_purged_goes_from_the_index_too(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([mail_of("sesame", ["a@example.com"]) for _ in range(3)])
        unindexed = house.indexer._unindexed()
        texts = [{"seq": row["seq"], "body": house.indexer._text(row)} for row in unindexed]
        await asyncio.to_thread(retention(house).purge, Filters())
        # Read before the purge and written after it: a capture can be gone when its words come.
        while texts:  # as many as a slice's time allows
            with house.indexer._opened().begin() as connection:
                del texts[: house.indexer._index(connection, texts)]
        assert rows_in(house, "search", "search.sqlite") == 3
        assert house.reader.captures(Filters(q="sesame")).items == []
        house.indexer.catch_up()
        assert rows_in(house, "search", "search.sqlite") == 0


async def test_a_purge_by_words_takes_what_a_list_of_them_shows(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([mail_of(f"open sesame {n}", ["a@example.com"], run="ci-1") for n in range(3)])
        await house.record_all([mail_of("an invoice", ["a@example.com"]) for _ in range(3)])
        house.indexer.catch_up()
        await house.record_all([mail_of("sesame, not indexed yet", ["a@example.com"]) for _ in range(2)])
        runs = Runs(house.ledger)
        runs.open("ci-1", "", NOON)
        with pytest.raises(OpenRunWouldLose):
            await asyncio.to_thread(retention(house).purge, Filters(q="sesame"))
        assert house.reader.count(Filters()) == 8
        runs.finish("ci-1", "clean", NOON)
        removed = await asyncio.to_thread(retention(house).purge, Filters(q="sesame", channel="email"))
        assert removed.captures == 5
        assert house.reader.count(Filters()) == house.reader.count(Filters(q="invoice")) == 3


async def test_a_sweep_has_ended_when_retention_has(tmp_path: Path) -> None:
    """Whatever it still did would be done on a ledger that is closed, in a directory that may be somebody else's."""
    begun, go = threading.Event(), threading.Event()

    def clock() -> datetime:
        begun.set()
        assert go.wait(60)
        return NOON

    async with stage(tmp_path / "data") as house:
        await house.record_all([record_of(at=NOON - timedelta(days=15)) for _ in range(200)])
        keeping = Retention(house.ledger, house.store, keep_days=14, keep_bytes=10**10, clock=clock)
        working = asyncio.ensure_future(keeping.keep_on())
        await asyncio.to_thread(begun.wait, 60)
        keeping.end()
        working.cancel()
        await asyncio.sleep(0)
        assert not working.done()
        go.set()
        await asyncio.gather(working, return_exceptions=True)
        assert working.cancelled()
        assert 0 < house.reader.count(Filters()) < 200, "it took a slice, and no other"
