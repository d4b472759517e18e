"""FullDisk: what can be done on a disk that is full: the log's room is given back, and what lies in reserve is used."""

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ledger.reserve import Reserve
from ledger.statements import statements_for
from ledger.transaction import transaction

_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
"""A quota that is used up is an error of writing to SQLite."""

ROOM = "room" * (16 * 1024)
"""A counter's name: as many octets as the longest body that lies in the database itself."""


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


def prove_room(connection: Connection) -> None:
    """Write about what a capture takes, and take it away again. Only under the ledger's `turn`; raises DBAPIError.

    A page alone fits where no capture does: by that, readiness would say that all is well while each is refused.
    """
    statements = statements_for(connection.dialect)
    with transaction(connection):
        statements.drop_counter.run(connection, [{"counter": ROOM}])
        statements.put_counter.put(connection, [(ROOM, 0)])
    with transaction(connection):
        statements.drop_counter.run(connection, [{"counter": ROOM}])


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
