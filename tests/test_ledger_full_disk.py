"""A disk that is wholly full: a removal works all the same, and what it frees is used again, without anybody's help."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_stage import Stage, record_of, stage, until, with_body
from small_disk import fill, small_disk_at

from ledger.data_dir import DirLock, prepare
from ledger.filters import Filters
from ledger.record import Record
from ledger.reserve import Reserve
from ledger.retention import Retention
from ledger.trouble import LedgerUnavailable
from policies.body import Body

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", 16) as folder:
        yield folder


def keeper(house: Stage, now: datetime = NOON) -> Retention:
    return Retention(house.ledger, house.store, keep_days=14, keep_bytes=10**10, clock=lambda: now)


def inline() -> Record:
    """All of it lies in the database."""
    return with_body(record_of(at=NOON), Body.of(os.urandom(60_000)))


def filed() -> Record:
    """With two files."""
    return replace(with_body(record_of(at=NOON), Body.of(os.urandom(100_000))), reply_body=os.urandom(100_000))


async def recorded_until_full(house: Stage, record: Record | None = None) -> int:
    """Record until nothing can be recorded; how many could be."""
    for number in range(2_000):
        try:
            await house.writer.record(record or inline())
        except LedgerUnavailable as trouble:
            if "full" not in str(trouble):
                raise
            return number
    raise AssertionError("the disk was never full")


async def filled(house: Stage, small_disk: Path, make: object = inline) -> None:
    """A disk with not one octet left, and a ledger that has 40 captures at least."""
    house.ledger.reserve.take()
    await house.record_all([inline() if make is inline else filed() for _ in range(40)])
    fill(small_disk / "filler")
    await recorded_until_full(house)
    fill(small_disk / "more")


@pytest.mark.parametrize("make", [inline, filed], ids=["all-in-the-database", "with-files"])
async def test_a_purge_works_and_what_it_frees_is_used_again(small_disk: Path, make: object) -> None:
    async with stage(small_disk / "data") as house:
        await filled(house, small_disk, make)
        held = house.reader.count(Filters())
        removed = await asyncio.to_thread(keeper(house).purge, Filters())
        assert removed.captures == held >= 40
        assert [told["captures"] for told in house.reader.removals()] == [held]
        assert not [file for file in (house.data_dir / "bodies").rglob("*") if file.is_file()]
        await house.record_all([inline() for _ in range(10)])
        assert house.reader.count(Filters()) == 10


async def test_while_no_capture_fits_the_ledger_is_not_told_to_be_well(small_disk: Path) -> None:
    """A page alone fits still; and once there is room, nobody has to try."""
    async with stage(small_disk / "data", probe_seconds=0.01) as house:
        await filled(house, small_disk)
        for _ in range(30):
            assert "full" in (house.writer.trouble or "it is said to be well")
            with pytest.raises(LedgerUnavailable, match="full"):
                await house.writer.record(inline())
            await asyncio.sleep(0.02)
        (small_disk / "filler").unlink()
        await until(lambda: house.writer.trouble is None)
        await house.writer.record(inline())


async def test_retention_makes_room_by_itself_again_and_again(small_disk: Path) -> None:
    """What is recorded in the freed room is whole, and its purge works like the first."""
    now = NOON
    async with stage(small_disk / "data") as house:
        await filled(house, small_disk)
        for _ in range(2):
            held = house.reader.count(Filters())
            now += timedelta(days=20)
            assert (await asyncio.to_thread(keeper(house, now).sweep)).captures == held
            assert await recorded_until_full(house) >= 15
            kept = house.reader.captures(Filters(), limit=1000).items
            assert all(house.reader.raw(stored.id) for stored in kept)


def test_a_directory_on_a_full_disk_is_locked_all_the_same(small_disk: Path) -> None:
    data = prepare(small_disk / "data")
    (data / "gateway.lock").touch()
    fill(small_disk / "filler")
    with DirLock(data), pytest.raises(LedgerUnavailable, match="process unknown"):
        DirLock(data)


DIE = """
import os, signal, sys
from pathlib import Path
from ledger.body_store import BodyStore
from ledger.filters import Filters
from ledger.reserve import Reserve
from ledger.reserve import Reserve
from ledger.retention import Retention
from ledger.store import open_ledger

class Dying(Reserve):
    def take(self):
        os.kill(os.getpid(), signal.SIGKILL)

data_dir = Path(sys.argv[1])
ledger = open_ledger(data_dir, writer=True)
ledger.reserve = Dying(data_dir)
Retention(ledger, BodyStore(data_dir), keep_days=14, keep_bytes=10**10).purge(Filters())
"""


async def test_killed_while_the_reserve_is_given_back_nothing_is_lost_and_the_next_takes_it_again(
    small_disk: Path,
) -> None:
    async with stage(small_disk / "data") as house:
        await filled(house, small_disk)
        held = house.reader.count(Filters())
    words = [sys.executable, "-c", DIE, str(small_disk / "data")]
    ended = await asyncio.create_subprocess_exec(*words, cwd=Path(__file__).parent.parent)
    assert await ended.wait() == -signal.SIGKILL
    async with stage(small_disk / "data") as house:
        assert house.ledger.reserve.octets == 0
        house.ledger.reserve.take()
        assert house.ledger.reserve.octets > 1_000_000
        kept, gone = house.reader.count(Filters()), sum(told["captures"] for told in house.reader.removals())
        assert (kept + gone, gone > 0) == (held, True)
        assert (await asyncio.to_thread(keeper(house).purge, Filters())).captures == kept


def test_a_reserve_is_a_share_of_the_disk_and_never_more_than_half_of_what_is_free(small_disk: Path) -> None:
    reserve = Reserve(small_disk)
    reserve.take()
    reserve.take()
    assert reserve.octets == 4 << 20  # of 16 MB
    reserve.give_back()
    disk = os.statvfs(small_disk)
    (small_disk / "filler").write_bytes(bytes(disk.f_bavail * disk.f_frsize - (1 << 20)))
    reserve.take()
    assert reserve.octets == 1 << 19
    fill(small_disk / "more")
    reserve.take()
    assert reserve.octets == 1 << 19
    (small_disk / "filler").unlink()
    reserve.take()
    assert reserve.octets == 4 << 20


def test_where_nothing_can_be_held_nothing_is_said(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "no such folder")
    reserve.take()
    reserve.give_back()
    assert reserve.octets == 0
