"""Opening: who may open what, what is refused with which words, and older files brought up."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from ledger_stage import mail_of, reading, record_of, stage
from sqlalchemy.dialects import postgresql

from ledger.data_dir import DirLock, prepare, secret_of
from ledger.engine import BRING_UP_SECONDS, BUSY_SECONDS, create_file, patient, sqlite_engine
from ledger.filters import Filters
from ledger.reader import Reader
from ledger.schema import HEAD, bring_up, known_steps
from ledger.statements import Statements
from ledger.store import FILE, open_ledger, prove_readable, unopened
from ledger.tables import METADATA
from ledger.trouble import LedgerCorrupt, LedgerUnavailable


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_log_whose_ledger_was_moved_away_is_not_taken_for_a_new_ones(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record_of())
        kept = house.data_dir / f"{FILE}-wal"
        log = kept.read_bytes()
    (house.data_dir / FILE).unlink()
    kept.write_bytes(log)
    with pytest.raises(LedgerCorrupt, match=r"ledger\.sqlite-wal is there without its ledger"):
        open_ledger(house.data_dir, writer=True)
    assert kept.read_bytes() == log
    assert not (house.data_dir / FILE).exists()
    kept.unlink()
    open_ledger(house.data_dir, writer=True).close()


async def test_files_are_private(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(record_of(body=b"x" * 100_000))
        assert mode_of(house.data_dir) == 0o700
        secret_of(house.data_dir, "masking.key")
        for path in house.data_dir.rglob("*"):
            assert mode_of(path) == (0o700 if path.is_dir() else 0o600), path


def test_a_key_is_the_same_after_a_restart(tmp_path: Path) -> None:
    assert secret_of(tmp_path, "masking.key") == secret_of(tmp_path, "masking.key")
    (tmp_path / "masking.key").write_bytes(b"short")
    with pytest.raises(LedgerUnavailable, match="5 octets where 32 belong"):
        secret_of(tmp_path, "masking.key")


def test_two_gateways_cannot_share_a_directory(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    with DirLock(data), pytest.raises(LedgerUnavailable, match="in use by another gateway"):
        DirLock(data)
    DirLock(data).release()


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnavailable, match=r"file/data cannot be used .*SOUNDSTAGE_DATA_DIR"):
        prepare(tmp_path / "file" / "data")


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        pytest.param(b"not a database at all" * 100, LedgerCorrupt, "not a ledger", id="another-file"),
        pytest.param(b"", LedgerCorrupt, "not a ledger", id="empty"),
    ],
)
def test_a_foreign_file_is_refused_and_left_alone(
    tmp_path: Path, content: bytes, error: type[Exception], said: str
) -> None:
    data = prepare(tmp_path / "data")
    (data / FILE).write_bytes(content)
    for writer in (True, False):
        with pytest.raises(error, match=said) as caught:
            open_ledger(data, writer=writer)
        assert str(data / FILE) in str(caught.value)
    assert (data / FILE).read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    other = sqlite3.connect(data / FILE)
    other.execute("CREATE TABLE notes (text)")
    other.close()
    with pytest.raises(LedgerCorrupt, match="another program"):
        open_ledger(data, writer=True)


async def test_a_damaged_ledger_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([record_of() for _ in range(100)])
    file = tmp_path / "data" / FILE
    octets = bytearray(file.read_bytes())
    octets[100:8192] = b"\xa5" * 8092
    file.write_bytes(octets)
    with pytest.raises(LedgerCorrupt, match=r"damaged .*restore"):
        open_ledger(tmp_path / "data", writer=True)


def test_reading_before_the_first_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="start the gateway first"):
        open_ledger(prepare(tmp_path / "data"), writer=False)


def test_what_was_made_before_the_ledger_is_read_once_the_ledger_is_in_shape(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    ledger = unopened(data)
    try:
        with pytest.raises(LedgerUnavailable, match=r"ledger\.sqlite: .*start the gateway first"):
            prove_readable(ledger)
        assert not (data / FILE).exists()
        open_ledger(data, writer=True).close()
        prove_readable(ledger)
        assert Reader(ledger).last_seq() == 0
    finally:
        ledger.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    open_ledger(data, writer=True).close()
    ledger = open_ledger(data, writer=False)
    try:
        with pytest.raises(LedgerUnavailable, match="reading only"):
            assert ledger.write
    finally:
        ledger.close()


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    open_ledger(data, writer=True).close()
    raw = sqlite3.connect(data / FILE)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    with pytest.raises(LedgerCorrupt, match="step 9999"):
        open_ledger(data, writer=True)
    with pytest.raises(LedgerUnavailable, match="step 9999"):
        open_ledger(data, writer=False)


def test_the_newest_step_is_the_one_worked_with() -> None:
    assert known_steps()[-1] == HEAD


def test_the_migrations_make_the_tables_that_statements_see(tmp_path: Path) -> None:
    ledger = open_ledger(prepare(tmp_path / "data"), writer=True)
    try:
        with ledger.read.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={"include_name": lambda name, kind, _: kind != "table" or not name.startswith("search")},
            )
            assert compare_metadata(context, METADATA) == []
    finally:
        ledger.close()


async def test_an_older_ledger_is_brought_up_with_what_it_holds(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    create_file(data / FILE)
    engine = sqlite_engine(data / FILE, "write")
    with engine.begin() as connection:
        bring_up(connection, "0001")
        connection.exec_driver_sql("UPDATE counters SET value = 7 WHERE name = 'seq'")
    engine.dispose()
    with pytest.raises(LedgerUnavailable, match="at step 0001"):
        open_ledger(data, writer=False)
    async with stage(data) as house:
        await house.writer.record(mail_of("Since the update", ["a@example.com"]))
        house.indexer.catch_up()
        with reading(data) as reader:
            assert [stored.seq for stored in reader.captures(Filters(q="update")).items] == [8]


def test_every_statement_of_the_writer_is_known_to_a_server() -> None:
    """Compiles for PostgreSQL, so that several gateways can share a ledger."""
    server: Any = postgresql
    compiled = Statements(server.dialect())
    assert "ON CONFLICT" in compiled.put_tally._sql
    assert "GREATEST" in compiled.put_tally._sql


def test_opening_does_not_load_alembic_once_up_to_date(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    open_ledger(data, writer=True).close()
    code = (
        "import sys; from pathlib import Path; from ledger.store import open_ledger; "
        f"open_ledger(Path({str(data)!r}), writer=True).close(); print('alembic' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent
    )
    assert ran.stdout.strip() == "False"


def test_a_start_waits_for_another_longer_than_a_capture_may(tmp_path: Path) -> None:
    ledger = open_ledger(prepare(tmp_path / "data"), writer=True)
    try:
        with patient(ledger.write) as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == BRING_UP_SECONDS * 1000
        with ledger.write.begin() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == BUSY_SECONDS * 1000
    finally:
        ledger.close()
