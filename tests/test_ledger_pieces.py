"""An answer that goes on is recorded piece by piece: read as a whole, weighed as a whole, removed as a whole."""

import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_stage import Stage, reading, record_of, stage

from ledger.body_store import INLINE_LIMIT
from ledger.filters import Filters
from ledger.record import Record
from ledger.retention import Retention


def asked(house: Stage, sql: str) -> int:
    with closing(sqlite3.connect(house.data_dir / "ledger.sqlite")) as connection:
        return int(connection.execute(sql).fetchone()[0])


def octets(house: Stage) -> int:
    return asked(house, "SELECT value FROM counters WHERE name = 'octets'")


async def told(house: Stage, departure: Record, pieces: list[bytes]) -> bytes:
    """Settle with each piece after those before it; the whole of them."""
    whole = b""
    for piece in pieces:
        await house.writer.settle(departure.capture.id, True, replace(departure, reply_body=piece, after=len(whole)))
        whole += piece
    return whole


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"one\n", b"two\n", b"", b"three\n"], id="lines"),
        pytest.param([os.urandom(INLINE_LIMIT + 1), b"two", os.urandom(INLINE_LIMIT + 1)], id="long-ones"),
        pytest.param([b"%d\n" % number for number in range(120)], id="many"),
    ],
)
async def test_pieces_are_read_as_one_answer_by_everybody(tmp_path: Path, pieces: list[bytes]) -> None:
    departure = record_of(left=True)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record_of())
        await house.writer.record(departure)
        whole = await told(house, departure, pieces)
        found = house.reader.get(departure.capture.id)
        assert found is not None
        assert found.reply_body == whole
        assert octets(house) >= len(whole)
    with reading(tmp_path / "data") as reader:
        again = reader.get(departure.capture.id)
        assert again is not None
        assert again.reply_body == whole


async def test_a_piece_costs_what_it_says_and_not_what_was_said_before(tmp_path: Path) -> None:
    departure = record_of(left=True)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(departure)
        log = house.data_dir / "ledger.sqlite-wal"
        await told(house, departure, [bytes(60_000), b"one"])
        before = log.stat().st_size
        await house.writer.settle(departure.capture.id, True, replace(departure, reply_body=b"two", after=60_003))
        assert log.stat().st_size - before < 40_000


async def test_with_its_capture_all_of_it_goes(tmp_path: Path) -> None:
    departure = record_of(left=True)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(departure)
        whole = await told(house, departure, [b"one", b"two"])
        retention = Retention(house.ledger, house.store, keep_days=14, keep_bytes=10**10)
        await asyncio.to_thread(retention.purge, Filters())
        late = replace(departure, reply_body=b"three", after=len(whole))
        await house.writer.settle(departure.capture.id, True, late)
        assert asked(house, "SELECT count(*) FROM pieces") == octets(house) == 0


async def test_an_answer_that_is_told_anew_leaves_nothing_of_what_was_told_before(tmp_path: Path) -> None:
    departure = record_of(left=True)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(departure)
        await told(house, departure, [b"one", b"two"])
        await told(house, departure, [b"instead"])
        found = house.reader.get(departure.capture.id)
        assert found is not None
        assert found.reply_body == b"instead"
