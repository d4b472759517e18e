"""Body files and who names them: none is kept that nobody names, none is counted, none that somebody may want goes."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_stage import Stage, record_of, stage, until, with_body
from small_disk import small_disk_at

from ledger.body_store import BodyStore
from ledger.filters import Filters
from ledger.named_bodies import take_unnamed
from ledger.reader import Reader
from ledger.retention import Retention
from ledger.trouble import LedgerUnavailable
from ledger.writer import Writer
from policies.body import Body

LONG = 100_000


def keeper(house: Stage, **limits: Any) -> Retention:
    return Retention(house.ledger, house.store, **{"keep_days": 14, "keep_bytes": 10**10, **limits})


def asked(house: Stage, sql: str) -> Any:
    with closing(sqlite3.connect(house.data_dir / "ledger.sqlite")) as connection:
        return connection.execute(sql).fetchone()[0]


def files(house: Stage) -> list[Path]:
    return [file for file in (house.data_dir / "bodies").rglob("*") if file.is_file()]


def octets(house: Stage) -> int:
    return int(asked(house, "SELECT value FROM counters WHERE name = 'octets'"))


async def test_of_a_conversation_that_is_told_again_and_again_the_last_telling_is_kept(tmp_path: Path) -> None:
    """As a WebSocket's is: its transcript grows with each message, and each is settled before it is passed on."""
    departure = record_of(left=True)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(departure)
        for number in range(5):
            told = replace(departure, reply_body=os.urandom(LONG + number))
            await house.writer.settle(departure.capture.id, True, told)
        await asyncio.to_thread(keeper(house).sweep)
        found = house.reader.get(departure.capture.id)
        assert found is not None
        assert found.reply_body == told.reply_body
        assert len(files(house)) == asked(house, "SELECT count(*) FROM bodies") == 1
        assert octets(house) < 2 * LONG


async def test_what_is_told_twice_alike_stays(tmp_path: Path) -> None:
    departure = record_of(left=True)
    told = replace(departure, reply_body=os.urandom(LONG))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(departure)
        for _ in range(2):
            await house.writer.settle(departure.capture.id, True, told)
        await house.writer.settle(departure.capture.id, True, None)
        await asyncio.to_thread(keeper(house).sweep)
        assert len(files(house)) == 1


async def test_the_answer_to_what_was_purged_meanwhile_leaves_nothing_behind(tmp_path: Path) -> None:
    departure = record_of(left=True)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(departure)
        await asyncio.to_thread(keeper(house).purge, Filters())
        await house.writer.settle(departure.capture.id, True, replace(departure, reply_body=os.urandom(LONG)))
        await asyncio.to_thread(keeper(house).sweep)
        assert files(house) == []
        assert asked(house, "SELECT count(*) FROM bodies") == octets(house) == 0


async def test_an_answer_whose_file_a_purge_takes_is_stored_again(tmp_path: Path) -> None:
    answer = os.urandom(LONG)
    first, departure = replace(record_of(run="a"), reply_body=answer), record_of(run="b", left=True)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(first)
        await house.writer.record(departure)
        with house.ledger.turn:  # the settlement has stored its file, and waits
            settling = asyncio.ensure_future(
                house.writer.settle(departure.capture.id, True, replace(departure, reply_body=answer))
            )
            await until(lambda: house.writer.pending > 0)
            (file,) = files(house)
            file.unlink()
        await settling
        found = house.reader.get(departure.capture.id)
        assert found is not None
        assert found.reply_body == answer


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", 8) as folder:
        yield folder


async def test_a_body_whose_capture_could_not_be_recorded_is_not_kept(tmp_path: Path) -> None:
    """Else a full disk stays full of what was refused: each try leaves its body behind."""
    before = with_body(record_of(), Body.of(os.urandom(LONG)))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(before)
        full = Writer(house.ledger, house.store, queue_limit=0)
        full.start()
        for refused in (with_body(record_of(), Body.of(os.urandom(LONG))), before):
            with pytest.raises(LedgerUnavailable):
                await full.record(refused)
        await full.close()
        assert [file.name for file in files(house)] == [before.kept_body.sha256[2:]]


async def test_a_full_disk_is_not_filled_by_what_is_refused(small_disk: Path) -> None:
    async with stage(small_disk / "data") as house:
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        # Room for bodies, and soon none for the ledger's log.
        (small_disk / "filler").write_bytes(bytes(free - 300_000))
        refused = 0
        for _ in range(12):
            try:
                await house.writer.record(with_body(record_of(), Body.of(os.urandom(LONG))))
            except LedgerUnavailable:
                refused += 1
        assert refused > 8
        assert len(files(house)) == house.reader.count(Filters())


async def test_what_a_crash_left_behind_goes_once_nobody_can_want_it_any_more(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    kept = with_body(record_of(), Body.of(os.urandom(LONG)))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(kept)
        old, young = Body.of(os.urandom(LONG)), Body.of(os.urandom(LONG))
        for body, age in ((old, timedelta(days=15)), (young, timedelta(days=13)), (kept.kept_body, timedelta(days=99))):
            house.store.put(body)
            file = house.store.file_of(body.sha256)
            assert file is not None
            os.utime(file, ((now - age).timestamp(),) * 2)
        take_unnamed(house.ledger, house.store, now - timedelta(days=14))
        assert house.store.file_of(old.sha256) is None
        assert house.store.file_of(young.sha256) is not None  # its ledger may have been moved away, and come back
        assert house.reader.raw(kept.capture.id) == kept.kept_body.data


async def test_a_row_that_no_capture_names_is_not_counted_for_ever(tmp_path: Path) -> None:
    kept = with_body(record_of(), Body.of(os.urandom(LONG)))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(kept)
        before = octets(house)
        with closing(sqlite3.connect(house.data_dir / "ledger.sqlite")) as connection:
            connection.execute("INSERT INTO bodies (sha256, stored) VALUES ('ab12', 5000)")
            connection.execute("UPDATE counters SET value = value + 5000 WHERE name = 'octets'")
            connection.commit()
        take_unnamed(house.ledger, house.store, datetime.now(UTC))
        await asyncio.to_thread(keeper(house).sweep)
        assert octets(house) == before
        assert asked(house, "SELECT count(*) FROM bodies") == 1


class Purged(BodyStore):
    """From which a purge takes what is put, five times."""

    times = 5

    def put(self, body: Body) -> int:
        octets = super().put(body)
        if self.times:
            self.times -= 1
            self.remove(body.sha256)
        return octets


async def test_a_body_that_is_purged_again_and_again_is_stored_as_often(tmp_path: Path) -> None:
    kept = with_body(record_of(), Body.of(os.urandom(LONG)))
    async with stage(tmp_path / "data") as house:
        writer = Writer(house.ledger, Purged(house.data_dir))
        writer.start()
        await writer.record(kept)
        await writer.close()
        assert house.reader.raw(kept.capture.id) == kept.kept_body.data


class Late(BodyStore):
    """Looks for a file once a purge has taken its capture."""

    def __init__(self, data_dir: Path, purge: Callable[[], object]) -> None:
        super().__init__(data_dir)
        self._purge = purge

    def read(self, sha256: str) -> Iterator[bytes]:
        self._purge()
        return super().read(sha256)


async def test_a_capture_that_is_purged_while_it_is_read_is_not_there(tmp_path: Path) -> None:
    kept = replace(with_body(record_of(), Body.of(os.urandom(LONG))), reply_body=os.urandom(LONG))
    async with stage(tmp_path / "data") as house:
        reader = Reader(house.ledger, Late(house.data_dir, lambda: keeper(house).purge(Filters())))
        for read in (reader.get, reader.raw):
            await house.writer.record(kept)
            assert read(kept.capture.id) is None
            assert house.reader.count(Filters()) == 0


DIE = """
import os, signal, sys
from pathlib import Path
from ledger.body_store import BodyStore
from ledger.filters import Filters
from ledger.retention import Retention
from ledger.store import open_ledger

class Dying(BodyStore):
    def remove(self, sha256):
        if sys.argv[2] == "unlinked":
            super().remove(sha256)
        os.kill(os.getpid(), signal.SIGKILL)

ledger = open_ledger(Path(sys.argv[1]), writer=True)
Retention(ledger, Dying(Path(sys.argv[1])), keep_days=14, keep_bytes=10**10).purge(Filters())
"""


@pytest.mark.parametrize("died", ["before", "unlinked"])
async def test_a_purge_that_is_killed_about_its_unlinking_is_ended_by_the_next(tmp_path: Path, died: str) -> None:
    kept = with_body(record_of(), Body.of(os.urandom(LONG)))
    async with stage(tmp_path / "data") as house:
        for record in (kept, with_body(record_of(), Body.of(os.urandom(LONG)))):
            await house.writer.record(record)
    words = [sys.executable, "-c", DIE, str(tmp_path / "data"), died]
    ended = await asyncio.create_subprocess_exec(*words, cwd=Path(__file__).parent.parent)
    assert await ended.wait() == -signal.SIGKILL
    async with stage(tmp_path / "data") as house:
        assert (house.reader.count(Filters()), [told["captures"] for told in house.reader.removals()]) == (0, [2])
        assert asked(house, "SELECT count(*) FROM bodies WHERE doomed") == 2
        await house.writer.record(kept)  # the same bytes come again before anybody looks
        await asyncio.to_thread(keeper(house).sweep)
        assert house.reader.raw(kept.capture.id) == kept.kept_body.data
        assert len(files(house)) == asked(house, "SELECT count(*) FROM bodies") == 1
        assert LONG < octets(house) < 2 * LONG
