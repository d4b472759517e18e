"""FullDisk: what can be done on a disk that is full: the log's room is given back, and what lies in reserve is used."""

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ledger.reserve import Reserve

_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
"""A quota that is used up is an error of writing to SQLite."""


def is_full(error: DBAPIError) -> bool:
    """Whether the embedded ledger found no room."""
    return getattr(error.orig, "sqlite_errorcode", 0) in _NO_ROOM


def empty_log(write: Engine) -> None:
    """Bring the log's pages home and give its room back. Only under the ledger's `turn`; trouble is not told.

    Pages that the ledger's file has already take no room there, so that this works on a full disk too; where it does
    not, or somebody still reads from the log, it stays as it is.
    """
    with contextlib.suppress(SQLAlchemyError, sqlite3.Error), contextlib.closing(write.raw_connection()) as held:
        held.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextlib.contextmanager
def room_made(write: Engine, reserve: Reserve) -> Iterator[None]:
    """Room for one transaction that frees some. Only under the ledger's `turn`, so that no capture takes it."""
    reserve.give_back()
    empty_log(write)
    try:
        yield
    finally:
        empty_log(write)
        reserve.take()
