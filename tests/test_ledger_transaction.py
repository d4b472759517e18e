"""The writer's transaction: whole or not at all, and its errors are those the committer knows."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from ledger.data_dir import prepare
from ledger.store import FILE, open_ledger
from ledger.tally import add_to_counter
from ledger.transaction import transaction


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("transaction") / "data")


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    ledger = open_ledger(folder, writer=True)
    with ledger.write.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
        connection.rollback()
        yield connection
    ledger.close()


def seq(folder: Path) -> int:
    """What another process reads."""
    with sqlite3.connect(folder / FILE) as other:
        found: int = other.execute("SELECT value FROM counters WHERE name = 'seq'").fetchone()[0]
    other.close()
    return found


def test_what_is_written_is_there_once_it_ends(connection: Connection, folder: Path) -> None:
    before = seq(folder)
    with transaction(connection):
        add_to_counter(connection, "seq", 3)
        assert seq(folder) == before
    assert seq(folder) == before + 3


def test_nothing_is_there_where_it_raises(connection: Connection, folder: Path) -> None:
    before = seq(folder)
    with pytest.raises(LookupError, match="nowhere"), transaction(connection):
        add_to_counter(connection, "nowhere", add_to_counter(connection, "seq", 3))
    assert seq(folder) == before
    with transaction(connection):
        add_to_counter(connection, "seq", 1)
    assert seq(folder) == before + 1


def test_a_lock_that_another_holds_is_told_as_any_error_of_the_database(connection: Connection, folder: Path) -> None:
    before = seq(folder)
    other = sqlite3.connect(folder / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"), transaction(connection):
        pytest.fail("it has no lock")
    other.close()
    with transaction(connection):
        add_to_counter(connection, "seq", 1)
    assert seq(folder) == before + 1


def test_a_commit_that_fails_leaves_nothing_open(connection: Connection, folder: Path) -> None:
    before = seq(folder)
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=ON")
    driver.execute("CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY)")
    driver.execute("CREATE TEMP TABLE child (of INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")

    def orphan() -> None:
        with transaction(connection):
            add_to_counter(connection, "seq", 1)
            driver.execute("INSERT INTO child VALUES (1)")

    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        orphan()
    with transaction(connection):
        add_to_counter(connection, "seq", 2)
    assert seq(folder) == before + 2
