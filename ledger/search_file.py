"""SearchFile: the embedded ledger's full-text index, in a file of its own beside it.

It is derived: whatever is wrong with it, it is made anew. Apart from the ledger, so that feeding it neither takes the
captures' write lock nor is synced with them. Both files carry the same `user_version`, made at random with the ledger:
an index left behind by another ledger is not believed.
"""

import contextlib
import os
import secrets
import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection

from ledger.synced import sync_folder

FILE = "search.sqlite"
SCHEMA = "words"
"""What a reader's connection calls it."""

_ATTACHED = "search_file"
_MAKE = (
    "PRAGMA journal_mode=WAL",
    "CREATE VIRTUAL TABLE search USING fts5(body, tokenize = \"unicode61 remove_diacritics 2\", prefix = '2 3')",
    "CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT INTO counters (name, value) VALUES ('indexed', 0), ('forgotten', 0)",
)

Identity = tuple[int, int]


def search_file_of(ledger: Path) -> Path:
    """Where the index of a ledger's file lies."""
    return ledger.with_name(FILE)


def made(ledger: Path, *, anew: bool = False) -> Path:
    """The index of this ledger, made empty where there is none that is sound and its own.

    Raises OSError and sqlite3.Error. The new file exists before the old one goes, so that their inodes differ and open
    readers see the change.
    """
    file = search_file_of(ledger)
    mark = _mark(ledger)
    if anew or not _sound(file, mark):
        _make(file, mark)
    return file


def attach(connection: Connection, file: Path) -> None:
    """Let a reader's connection see the index as it is now: called before each of its transactions begins."""
    there = _identity(file)
    if connection.info.get(_ATTACHED) == there:
        return
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # embedded only
    if connection.info.pop(_ATTACHED, None) is not None:
        driver.execute(f"DETACH {SCHEMA}")
    if there is not None and _attached(driver, file):
        connection.info[_ATTACHED] = there


def is_attached(connection: Connection) -> bool:
    """Whether there is an index to ask."""
    return connection.info.get(_ATTACHED) is not None


def _attached(driver: sqlite3.Connection, file: Path) -> bool:
    with contextlib.suppress(sqlite3.Error):
        driver.execute(f"ATTACH ? AS {SCHEMA}", (f"file:{quote(str(file))}?mode=rw",))
        marks = {driver.execute(f"PRAGMA {schema}.user_version").fetchone()[0] for schema in ("main", SCHEMA)}
        if len(marks) == 1:
            return True
    with contextlib.suppress(sqlite3.Error):
        driver.execute(f"DETACH {SCHEMA}")
    return False


def _sound(file: Path, mark: int) -> bool:
    if not file.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(file)) as connection:
            counters = connection.execute("SELECT count(*) FROM counters").fetchone()[0]
            connection.execute("SELECT rowid FROM search LIMIT 1").fetchone()
            return bool(counters == 2 and connection.execute("PRAGMA user_version").fetchone()[0] == mark)
    except sqlite3.Error:
        return False


def _make(file: Path, mark: int) -> None:
    draft = file.with_name(f"{file.name}-{secrets.token_hex(4)}")
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            for statement in _MAKE:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={mark}")
        # With its log, which must not be taken for the new one's.
        _unlink(file)
        sync_folder(file.parent)  # nor be there again after a power failure
        draft.rename(file)
    finally:
        _unlink(draft)


def _unlink(file: Path) -> None:
    for end in ("", "-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)


def _mark(ledger: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{quote(str(ledger))}?mode=ro", uri=True)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _identity(file: Path) -> Identity | None:
    try:
        state = os.stat(file)  # noqa: PTH116 - asked before every read, and half the cost of Path.stat
    except OSError:
        return None
    return state.st_dev, state.st_ino
