"""Engine: how connections to the ledger's database are made. Only here is it known how SQLite has to be held."""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from ledger.search_file import attach, search_file_of
from ledger.synced import sync_folder

Use = Literal["write", "background", "index", "read"]

APPLICATION_ID = 0x53544147
"""`STAG`, in the file's header: whose file it is."""

BUSY_SECONDS = 2.0
"""How long a commit waits for another process's; longer would only hide a lock nobody gives back."""

BRING_UP_SECONDS = 60.0
"""How long a start waits for another one that brings the ledger up: it ends, and this one finds it done."""

_SYNCHRONOUS = {
    "write": "FULL",
    # What background work writes can be done again, and the next FULL commit syncs it along.
    "background": "NORMAL",
    # What the index holds can be made again.
    "index": "NORMAL",
    "read": "NORMAL",
}

_CACHE_KILOBYTES = {"write": 16_000, "background": 4_000, "index": 16_000, "read": 8_000}
"""Of each connection. Pages that it has no room for are the kernel's to keep, at a microsecond each."""


def sqlite_engine(path: Path, use: Use) -> Engine:
    """Connections to the embedded ledger; they never create the file: that is the store's decision alone."""
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=_connector(path, use),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=12,
        query_cache_size=1200,
    )
    event.listen(engine, "begin", _reader(search_file_of(path)) if use == "read" else _begin_immediate)
    if use in ("write", "background"):
        event.listen(engine, "checkin", _shrink)
    return engine


def server_engine(url: str) -> Engine:
    """Connections to a database server shared by several gateways."""
    return create_engine(url, pool_pre_ping=True)


def _connector(path: Path, use: Use) -> Callable[[], sqlite3.Connection]:
    address = f"file:{quote(str(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_SECONDS,
            cached_statements=256,
        )
        try:
            for pragma in _pragmas(use):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def _pragmas(use: Use) -> list[str]:
    settings = [
        f"synchronous={_SYNCHRONOUS[use]}",
        "foreign_keys=OFF",
        "temp_store=MEMORY",
        f"cache_size=-{_CACHE_KILOBYTES[use]}",
        # A page changed by many commits is copied once: 32 MB of log between checkpoints instead of 8.
        "wal_autocheckpoint=4000",
        "journal_size_limit=67108864",
    ]
    if use == "read":
        settings += ["query_only=ON", "mmap_size=268435456"]
    return settings


def _shrink(connection: Any, _record: Any) -> None:
    """What a thread read in passing is not kept for ever: the committer alone holds on to its connection."""
    if connection is not None:
        connection.execute("PRAGMA shrink_memory")


@contextlib.contextmanager
def patient(engine: Engine) -> Iterator[Connection]:
    """A transaction that waits for another process's for longer than a capture may."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        embedded = connection.dialect.name == "sqlite"
        if embedded:
            driver.execute(f"PRAGMA busy_timeout={BRING_UP_SECONDS * 1000:.0f}")
        try:
            with connection.begin():
                yield connection
        finally:
            if embedded:
                driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")


def create_file(path: Path) -> None:
    """Make an empty ledger file, 0600 before its first byte, with what cannot be changed later.

    Under its name only once it is whole: what a full disk or a crash left half made nobody would know for ours.
    """
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute("PRAGMA page_size=4096")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        path.hardlink_to(draft)
        sync_folder(path.parent)
    finally:
        for left in ("", "-wal", "-shm"):
            draft.with_name(draft.name + left).unlink(missing_ok=True)


# The driver's own transactions are off: a write takes its lock at once instead of failing at its second statement.
def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _reader(search: Path) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        attach(connection, search)
        connection.exec_driver_sql("BEGIN")

    return begin


def reason_of(error: BaseException) -> str:
    """What the driver said, without SQLAlchemy's statement and parameters, which may be long and private."""
    cause: Any = getattr(error, "orig", None) or error
    return str(cause) or type(cause).__name__
