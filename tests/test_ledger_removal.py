"""Removal: what is to go is looked for without the captures' lock, from the oldest to the newest."""

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_stage import Stage, mail_of, record_of, stage

from ledger.filters import Filters
from ledger.removal import Removal
from ledger.retention import Retention
from ledger.tables import captures

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class ToldLate(Removal):
    """What it found as having left is told, before it is taken, that it did not."""

    def _found(self, where: list[Any]) -> list[int]:
        seqs = super()._found(where)
        with self._ledger.write.begin() as connection:
            connection.execute(captures.update().where(captures.c.seq.in_(seqs)).values(departed=False))
        return seqs


def retention_of(house: Stage) -> Retention:
    return Retention(house.ledger, house.store, keep_days=30, keep_bytes=10**9, clock=lambda: NOW)


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param(None, id="sweep"),
        pytest.param(Filters(to="nobody"), id="to-nobody"),
        pytest.param(Filters(subject="nothing"), id="no-such-subject"),
    ],
)
async def test_who_finds_nothing_to_remove_keeps_no_capture_waiting(tmp_path: Path, filters: Filters | None) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([mail_of("A mail", ["a@example.org"], at=NOW) for _ in range(20)])
        keep = retention_of(house)
        with contextlib.closing(sqlite3.connect(house.data_dir / "ledger.sqlite", isolation_level=None)) as other:
            # Whoever asked for the lock now would wait for it and give up.
            other.execute("BEGIN IMMEDIATE")
            removed = keep.sweep() if filters is None else keep.purge(filters)
            other.execute("ROLLBACK")
        assert removed.captures == 0
        assert house.reader.count(Filters()) == 20


async def test_what_no_longer_matches_once_the_lock_is_held_stays(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([record_of(at=NOW, left=number == 0) for number in range(40)])
        settled = house.reader.captures(Filters(left=True)).items[0]
        removal = ToldLate(house.ledger, house.store, "asked", NOW, with_objects=False)
        assert removal.slice([captures.c.departed.is_(True)]) == 0
        assert house.reader.get(settled.capture.id) is not None
        assert house.reader.count(Filters()) == 40


async def test_a_purge_takes_all_that_match_and_the_sums_agree(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        # More than a slice, each of a minute of its own, and as many between them that stay.
        for number in range(0, 900, 100):
            at = [NOW - timedelta(minutes=number + one) for one in range(100)]
            await house.record_all([mail_of("A mail", ["go@example.org"], at=one) for one in at])
            await house.record_all([mail_of("A mail", ["stay@example.org"], at=one) for one in at[::10]])
        removed = retention_of(house).purge(Filters(to="go@"))
        assert removed.captures == 900
        assert house.reader.count(Filters(to="stay@")) == house.reader.count(Filters()) == 90
        minutes = house.reader.timeline(60, NOW - timedelta(days=2))
        assert [count for _, _, count in minutes] == [1] * 90
        with contextlib.closing(sqlite3.connect(house.data_dir / "ledger.sqlite")) as plain:
            assert plain.execute("SELECT count(*) FROM minutes WHERE count <= 0").fetchone() == (0,)
