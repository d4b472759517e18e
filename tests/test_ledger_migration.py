"""An old ledger is brought up whole or not at all, whatever happens meanwhile; what it held is there afterwards."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ledger_stage import reading, record_of, stage
from small_disk import small_disk_at

from ledger.data_dir import prepare, secret_of
from ledger.engine import create_file, sqlite_engine
from ledger.filters import Filters
from ledger.objects import Objects
from ledger.runs import Runs
from ledger.schema import HEAD, bring_up
from ledger.store import FILE, open_ledger
from ledger.trouble import LedgerUnavailable

PROJECT = Path(__file__).parent.parent
OLD = 30
STORY = (
    '{"protocol":"http/1.1","target":["https",443,"POST","/messages"],"credential":"none","rule":"default:sms",'
    '"reason":"texts are captured","fidelity":"shaped","payload":["text/plain",0,null],"reply":[200,53],"facts":{},'
    '"headers":[],"reply_headers":[],"flags":["live_credential"]}'
)
FILL = (
    *(
        "INSERT INTO captures (seq, id, at, run, channel, intent, provider, operation, verdict, departed, host, "
        f"source, octets) VALUES ({seq}, 'id-{seq}', 1790000000000000, 'ci-old', 'sms', 'write', 'twilio', "
        "'message.create', 'capture', 0, 'api.twilio.com', '10.0.0.1', 100)"
        for seq in range(1, OLD + 1)
    ),
    *(f"INSERT INTO evidence (seq, story) VALUES ({seq}, '{STORY}')" for seq in range(1, OLD + 1)),
    f"UPDATE counters SET value = {OLD} WHERE name = 'seq'",
    "INSERT INTO tallies VALUES ('ci-old', 'sms', 'twilio', 'message.create', 'api.twilio.com', 'capture', 0, "
    f"{OLD}, 1, 1)",
    "INSERT INTO objects VALUES ('ci-old', 'twilio', 'message', 'SM1', '{\"sid\":\"SM1\"}', 7)",
    "INSERT INTO replays VALUES ('ci-old', 'key', 'print', 7)",
    "INSERT INTO labels VALUES (7, 'seen')",
    "INSERT INTO runs (id, token_digest, name, opened_at) VALUES ('ci-old', 'digest', 'an old run', 1790000000000000)",
)
GO = """
import sys
from pathlib import Path
from ledger.store import open_ledger
open_ledger(Path(sys.argv[1]), writer=True).close()
"""
FORK = """
import os, signal, sys
from pathlib import Path
import alembic.command, alembic.config, alembic.context, ledger.migrations
from ledger.data_dir import secret_of
from ledger.store import open_ledger
from sqlalchemy import Engine, event

left = 0
def step(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def opened(event, _):
    if event in ("open", "os.rename", "os.link", "os.remove", "sqlite3.connect"):
        step()
def killed(at):
    global left
    child = os.fork()
    if child == 0:
        left = at
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
"""
"""Forks children that die at a step of theirs: what they import is imported once."""
DIE_MIGRATING = """
def work():
    open_ledger(Path(sys.argv[1]), writer=True).close()
event.listen(Engine, "before_cursor_execute", step)
print(*[int(killed(at)) for at in range(2, 44, 5)])
"""
DIE_MAKING = """
def work():
    data = Path(sys.argv[1]) / str(at)
    secret_of(data, "masking.key")
    open_ledger(data, writer=True).close()
sys.addaudithook(opened)
for at in range(1, 9):
    print(int(killed(at)))
"""


def old_ledger(data: Path) -> Path:
    """Of the third step, as an earlier version left it."""
    prepare(data)
    create_file(data / FILE)
    engine = sqlite_engine(data / FILE, "write")
    with engine.begin() as connection:
        bring_up(connection, "0003")
        for statement in FILL:
            connection.exec_driver_sql(statement)
    engine.dispose()
    return data


def asked(data: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(data / FILE)) as connection:
        return connection.execute(sql).fetchall()


def start(code: str, data: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", code, str(data)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT)


def ended(code: str, data: Path) -> str:
    """What it printed."""
    process = start(code, data)
    told, said = process.communicate(timeout=110)
    assert process.returncode == 0, said
    return told


async def holds_what_it_held(data: Path) -> None:
    async with stage(data) as house:
        assert asked(data, "SELECT version_num FROM alembic_version") == [(HEAD,)]
        assert house.reader.count(Filters(run="ci-old")) == OLD
        shown = house.reader.captures(Filters(run="ci-old"), limit=100).items
        assert [stored.capture.flags for stored in shown] == [("live_credential",)] * OLD
        objects = Objects(house.ledger, house.store)
        assert await objects.get("ci-old", "twilio", "message", "SM1") == {"sid": "SM1"}
        first = await objects.replay("ci-old", "key")
        assert first is not None
        assert (first.capture_id, first.fingerprint) == ("id-7", "print")
        assert asked(data, "SELECT label FROM labels") == [("seen",)]
        runs = Runs(house.ledger)
        found = runs.archive.find("ci-old")
        assert found is not None
        assert (runs.open_ids, found.run.verdict) == ((), "inconclusive")
        await house.writer.record(record_of())
        assert house.reader.last_seq() == OLD + 1


async def test_it_holds_what_it_held(tmp_path: Path) -> None:
    await holds_what_it_held(old_ledger(tmp_path / "data"))


async def test_killed_at_any_statement_the_next_start_mends_it(tmp_path: Path) -> None:
    data = old_ledger(tmp_path / "data")
    killed = ended(FORK + DIE_MIGRATING, data).split()
    assert (killed[:6], killed[-1]) == (["1"] * 6, "0"), "the last one came to its end"
    await holds_what_it_held(data)


async def test_two_that_start_at_once_bring_it_up_once(tmp_path: Path) -> None:
    """As after a restart in which the one before is still about: the data directory's lock is not asked here."""
    data = old_ledger(tmp_path / "data")
    both = [start(GO, data) for _ in range(2)]
    for one in both:
        said = one.communicate(timeout=110)[1]
        assert one.returncode == 0, said
    await holds_what_it_held(data)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", 4) as folder:
        yield folder


def fill(folder: Path, but: int) -> Path:
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    (folder / "filler").write_bytes(bytes(free - but))
    return folder / "filler"


async def test_a_disk_that_is_full_refuses_the_start_and_loses_nothing(small_disk: Path) -> None:
    data = old_ledger(small_disk / "data")
    filler = fill(small_disk, but=60_000)
    with pytest.raises(LedgerUnavailable, match=r"ledger\.sqlite: the ledger cannot be opened \(.*full"):
        open_ledger(data, writer=True)
    assert asked(data, "SELECT version_num FROM alembic_version") == [("0003",)]
    filler.unlink()
    await holds_what_it_held(data)


def test_a_first_start_on_a_full_disk_leaves_nothing_that_keeps_the_next_from_starting(small_disk: Path) -> None:
    data = prepare(small_disk / "data")
    for but in (0, 4096, 8192, 20_000):
        filler = fill(small_disk, but=but)
        with pytest.raises(LedgerUnavailable):
            open_ledger(data, writer=True)
        filler.unlink()
    filler = fill(small_disk, but=0)
    with pytest.raises(LedgerUnavailable, match="No space left"):
        secret_of(data, "masking.key", 5000)
    filler.unlink()
    open_ledger(data, writer=True).close()
    assert len(secret_of(data, "masking.key", 5000)) == 5000
    assert {file.name for file in data.iterdir()} == {"bodies", "incoming", FILE, "masking.key"}


def test_a_first_start_that_is_killed_leaves_nothing_that_keeps_the_next_from_starting(tmp_path: Path) -> None:
    folders = [prepare(tmp_path / str(at)) for at in range(1, 9)]
    assert ended(FORK + DIE_MAKING, tmp_path).split() == ["1"] * 8
    for data in folders:
        open_ledger(data, writer=True).close()
        assert len(secret_of(data, "masking.key")) == 32


def test_who_reads_a_newer_ledger_is_not_told_to_start_the_older_gateway(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    open_ledger(data, writer=True).close()
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    said = r"step 9999.*does not know.*the version of Soundstage that wrote it"
    with pytest.raises(LedgerUnavailable, match=said), reading(data):
        raise AssertionError("it was read")
