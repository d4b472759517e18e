"""Writing: what was acknowledged is there, what failed says so, and one bad record fails nobody else."""

import asyncio
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_stage import REPLY, Stage, mail_of, reading, record_of, stage, until, with_body
from small_disk import small_disk_at

from ledger.filters import Filters
from ledger.reply import KeptObject
from ledger.trouble import LedgerUnavailable
from policies.body import HELD_LIMIT, Body

CHILD = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from ledger_stage import record_of, stage

async def main():
    async with stage(Path(sys.argv[1])) as house:
        async def produce():
            while True:
                record = record_of()
                await house.writer.record(record)
                sys.stdout.write(record.capture.id + "\\n")
                sys.stdout.flush()
        await asyncio.gather(*(produce() for _ in range(8)))

asyncio.run(main())
"""


async def test_a_recorded_capture_is_read_back_whole(tmp_path: Path) -> None:
    record = record_of(facts={"amount": 4200, "currency": "eur"}, recipients=("cus_1",))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(replace(record, query="limit=3", session={"helo": "x"}))
        stored = house.reader.get(record.capture.id)
        assert stored is not None
        assert stored.as_contract() == record.capture.as_contract()
        assert stored.capture.effect.recipients == ("cus_1",)
        assert (stored.query, stored.session) == ("limit=3", {"helo": "x"})
        assert stored.request_headers == record.request_headers
        assert stored.reply_headers == record.reply_headers
        assert stored.reply_body == REPLY
        assert house.reader.raw(record.capture.id) == b"amount=4200&currency=eur"


async def test_facts_are_kept_masked_only(tmp_path: Path) -> None:
    """The effect's own facts may still hold what the masker has removed from the capture's."""
    record = record_of(
        facts={"key": "[removed:key:abcdef]"},
    )
    effect = record.capture.effect.model_copy(update={"facts": {"key": "sk_live_topsecretvalue"}})
    capture = record.capture.model_copy(update={"effect": effect})
    async with stage(tmp_path / "data") as house:
        await house.writer.record(replace(record, capture=capture))
    for file in (tmp_path / "data").iterdir():
        assert file.is_dir() or b"topsecretvalue" not in file.read_bytes()


def test_kill_in_the_middle_of_a_load_loses_nothing_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "data"
    tests = str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD.format(tests=tests), str(data)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(tests).parent,
    ) as child:
        assert child.stdout is not None
        acknowledged = [child.stdout.readline().strip() for _ in range(500)]
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += [line.strip() for line in child.stdout if len(line) == 37]
    with reading(data) as reader:
        kept = {stored.id for stored in reader.since(0, 1_000_000)}
        assert set(acknowledged) <= kept
        assert len(kept) - len(set(acknowledged)) <= 8 * 2
        assert reader.count(Filters()) == len(kept)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 3 MB."""
    with small_disk_at(tmp_path / "disk", 3) as folder:
        yield folder


async def fill(house: Stage, kept: list[str]) -> None:
    """Record until it no longer goes; `kept` holds what was acknowledged."""
    for _ in range(2000):
        record = record_of(body=os.urandom(30_000))
        await house.writer.record(record)
        kept.append(record.capture.id)


def grow(disk: Path) -> None:
    """Make room."""
    subprocess.run(["mount", "-o", "remount,size=12m", str(disk)], check=True)


async def test_a_full_disk_refuses_and_recovers(tiny_disk: Path) -> None:
    async with stage(tiny_disk / "data") as house:
        kept: list[str] = []
        with pytest.raises(LedgerUnavailable, match="full"):
            await fill(house, kept)
        assert house.writer.trouble is not None
        assert "full" in house.writer.trouble
        with pytest.raises(LedgerUnavailable):
            await house.writer.record(record_of(body=os.urandom(30_000)))
        assert house.reader.count(Filters()) == len(kept)
        grow(tiny_disk)
        await house.writer.record(record_of())
        assert house.writer.trouble is None
        assert house.reader.count(Filters()) == len(kept) + 1


async def test_a_full_disk_refuses_a_long_body(tiny_disk: Path) -> None:
    async with stage(tiny_disk / "data") as house:
        record = record_of()
        with pytest.raises(LedgerUnavailable, match="No space left"):
            await house.writer.record(with_body(record, Body.of(os.urandom(6_000_000))))
        assert house.reader.get(record.capture.id) is None
        assert list((house.data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param(lambda file: file.unlink(), "was deleted", id="deleted"),
        pytest.param(
            lambda file: shutil.copy(file, file.with_name("new")) and file.with_name("new").rename(file),
            "was replaced",
            id="replaced",
        ),
        pytest.param(lambda file: file.with_name(file.name + "-wal").unlink(), "log", id="log-deleted"),
    ],
)
async def test_a_ledger_that_is_gone_underneath_refuses(tmp_path: Path, harm: object, said: str) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record_of())
        harm(tmp_path / "data" / "ledger.sqlite")  # type: ignore[operator]  # a callable from the table
        with pytest.raises(LedgerUnavailable, match=said):
            await house.writer.record(record_of())
        assert said in str(house.writer.trouble)


async def test_a_locked_ledger_refuses_then_recovers(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        other = sqlite3.connect(tmp_path / "data" / "ledger.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match="locked"):
            await house.writer.record(record_of())
        other.execute("ROLLBACK")
        other.close()
        # Readiness recovers by itself, without traffic.
        await until(lambda: house.writer.trouble is None)
        await house.writer.record(record_of())


async def test_one_poisoned_record_fails_alone(tmp_path: Path) -> None:
    good = [record_of() for _ in range(20)]
    poison = record_of(facts={"what": object()})
    twin = replace(good[3], kept_body=Body.of(b"another capture with the same id"))
    async with stage(tmp_path / "data") as house:
        outcomes = await asyncio.gather(
            *(house.writer.record(one) for one in [*good[:10], poison, twin, *good[10:]]), return_exceptions=True
        )
        failed = [outcome for outcome in outcomes if outcome is not None]
        assert len(failed) == 2
        assert not any(isinstance(outcome, LedgerUnavailable) for outcome in failed)
        assert house.writer.trouble is None
        assert {stored.id for stored in house.reader.since(0)} == {one.capture.id for one in good}
        assert house.reader.count(Filters()) == 20


@pytest.mark.parametrize(
    "text",
    [pytest.param("\udce9t\udce9", id="surrogates"), pytest.param("a\0b", id="nul"), pytest.param("日本", id="wide")],
)
async def test_any_text_is_recorded(tmp_path: Path, text: str) -> None:
    record = record_of(facts={"from": text, "to": [text], "subject": text, "deep": [{text: text}]}, run=text)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record)
        stored = house.reader.get(record.capture.id)
        assert stored is not None
        assert stored.capture.facts["subject"]
        assert house.reader.count(Filters(run=text)) == 1


async def test_a_full_queue_refuses(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        house.writer._limit = 3
        outcomes = await asyncio.gather(*(house.writer.record(record_of()) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(outcome, LedgerUnavailable) for outcome in outcomes) == 2


async def test_a_closed_writer_refuses(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.close()
        with pytest.raises(LedgerUnavailable, match="closed"):
            await house.writer.record(record_of())


async def test_a_departure_reads_as_left_until_settled(tmp_path: Path) -> None:
    record = record_of(verdict="allow", left=True)
    told = replace(record, reply_body=b"real answer")
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record)
        assert house.reader.count(Filters(left=True)) == 1
        assert house.reader.captures(Filters(left=True)).items[0].as_contract()["left"] is True
        await house.writer.settle(record.capture.id, False, told)
        assert house.reader.count(Filters(left=True)) == 0
        assert house.reader.count(Filters(left=False)) == 1
        assert house.reader.real_since(record.capture.at) == 0
        stored = house.reader.get(record.capture.id)
        assert stored is not None
        assert (stored.capture.left, stored.reply_body) == (False, b"real answer")


async def test_a_departing_body_stays_to_be_sent_until_settled(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        intake = house.store.intake(keep=True)
        intake.write(os.urandom(HELD_LIMIT + 1))
        body = intake.finish()
        record = with_body(record_of(verdict="allow", left=True), body)
        await house.writer.record(record)
        assert body.path is not None
        assert body.path.exists()
        await house.writer.settle(record.capture.id, True, None)
        assert not body.path.exists()
        assert hashlib.sha256(house.reader.raw(record.capture.id) or b"").hexdigest() == body.sha256


async def test_what_is_repeated_is_counted_on_its_capture(tmp_path: Path) -> None:
    record = record_of(facts={"name": "a.example"}, channel="dns")
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record)
        await house.writer.count(record.capture.id, 4)
        await house.writer.count(record.capture.id, 2)
        await house.writer.count("of a capture that was removed", 1)
        stored = house.reader.get(record.capture.id)
        assert stored is not None
        assert stored.capture.facts == {"name": "a.example", "count": 7}
        assert house.reader.count(Filters()) == 1


async def test_followers_hear_of_commits(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        news = house.writer.subscribe()
        first = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0)
        await house.writer.record(mail_of("hi", ["a@example.com"]))
        async with asyncio.timeout(30):
            seq = await first
            while seq < 1:
                seq = await anext(news)
        assert seq == house.reader.last_seq()


async def test_objects_are_kept_with_their_capture(tmp_path: Path) -> None:
    record = replace(record_of(), keep=(KeptObject("customer", "cus_1", {"id": "cus_1", "name": "Ä"}),))
    gone = replace(record_of(), keep=(KeptObject("customer", "cus_1", None),))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record)
        await house.writer.record(gone)
        with closing(sqlite3.connect(tmp_path / "data" / "ledger.sqlite")) as connection:
            kept = connection.execute("SELECT kept FROM evidence ORDER BY seq").fetchall()
        assert kept == [
            ('{"objects":[["customer","cus_1",{"id":"cus_1","name":"Ä"}]]}',),
            ('{"objects":[["customer","cus_1",null]]}',),
        ]
