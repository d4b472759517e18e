"""Store: opening a ledger, and the handle everything that reads or writes it is given."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, SQLAlchemyError

from ledger.engine import APPLICATION_ID, create_file, patient, reason_of, server_engine, sqlite_engine
from ledger.full_disk import is_full, room_made
from ledger.late_keys import LateKeys, file_keys
from ledger.reserve import Reserve
from ledger.schema import HEAD, bring_up, newer_than_known, version_of
from ledger.trouble import LedgerCorrupt, LedgerUnavailable

FILE = "ledger.sqlite"


class Ledger:
    """An opened ledger. Only a gateway's has `write` and `background`; each engine keeps its own connections."""

    def __init__(
        self, data_dir: Path, *, path: Path | None, read: Engine, write: Engine | None, background: Engine | None
    ):
        self.data_dir = data_dir
        self.path = path
        self.read = read
        self._write = write
        self._background = background
        self.late = LateKeys(shared=path is None)
        self.reserve = Reserve(data_dir)
        self.removals = 0
        """How often captures were removed since it was opened: what is counted on one of before may be gone."""
        self.turn = threading.Lock()
        """Held by whichever thread of this process writes, so that one waits on a lock rather than in SQLite's naps."""

    @property
    def dialect(self) -> str:
        return self.read.dialect.name

    @property
    def write(self) -> Engine:
        if self._write is None:
            raise LedgerUnavailable(f"the ledger in {self.data_dir} was opened for reading only")
        return self._write

    @property
    def background(self) -> Engine:
        if self._background is None:
            raise LedgerUnavailable(f"the ledger in {self.data_dir} was opened for reading only")
        return self._background

    def close(self) -> None:
        for engine in (self.read, self._write, self._background):
            if engine is not None:
                engine.dispose()


def open_ledger(data_dir: Path, *, url: str | None = None, writer: bool) -> Ledger:
    """Open the ledger of a data directory that `data_dir.prepare` has made, or the server at `url`.

    With `writer` the file is made and brought to this version's schema; without, nothing is changed.
    Raises LedgerUnavailable where it cannot be opened now and LedgerCorrupt where what is there is damaged or not ours.
    """
    with _told(url or str(data_dir / FILE)):
        if url is not None:
            return _opened(_server(data_dir, url), writer)
        return _opened(_embedded(data_dir, writer), writer)


def unopened(data_dir: Path) -> Ledger:
    """A ledger to read that nobody has looked at, which need not be there yet: `prove_readable` before it is read."""
    path = data_dir / FILE
    return Ledger(
        data_dir,
        path=path,
        read=sqlite_engine(path, "read"),
        write=None,
        background=sqlite_engine(path, "background"),
    )


def prove_readable(ledger: Ledger) -> None:
    """Raise what `open_ledger` without `writer` would have raised."""
    with _told(str(ledger.path)):
        _prove_ours(_existing(ledger.data_dir / FILE))
        with ledger.read.connect() as connection:
            _prove_current(version_of(connection))


@contextlib.contextmanager
def _told(place: str) -> Iterator[None]:
    """What goes wrong, with its place."""
    try:
        yield
    except (LedgerCorrupt, LedgerUnavailable) as error:
        raise type(error)(f"{place}: {error}") from error
    except OSError as error:
        raise LedgerUnavailable(f"{place}: the ledger cannot be opened ({error.strerror or error})") from error
    except (sqlite3.DatabaseError, SQLAlchemyError) as error:
        raise _refusal(place, error) from error


def _server(data_dir: Path, url: str) -> Ledger:
    engine = server_engine(url)
    return Ledger(data_dir, path=None, read=engine, write=engine, background=engine)


def _embedded(data_dir: Path, writer: bool) -> Ledger:
    path = data_dir / FILE
    if not writer:
        _prove_ours(_existing(path))
        return unopened(data_dir)
    if not path.exists():
        _prove_no_log(path)
        create_file(path)
    _prove_ours(path)
    if not os.access(path, os.W_OK):
        raise LedgerUnavailable("the ledger's file is not writable for this user; give it back its mode 0600 and owner")
    return Ledger(
        data_dir,
        path=path,
        read=sqlite_engine(path, "read"),
        write=sqlite_engine(path, "write"),
        background=sqlite_engine(path, "background"),
    )


def _existing(path: Path) -> Path:
    if not path.exists():
        raise LedgerUnavailable("there is no ledger yet; start the gateway first (soundstage up)")
    return path


def _prove_no_log(path: Path) -> None:
    """What was told to be durable may be in a log whose ledger is gone; a new ledger would take it for its own."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size and not path.exists():
        raise LedgerCorrupt(
            f"{log.name} is there without its ledger, and may hold captures of it; put the ledger back beside it, or "
            f"move {log.name} away too to start with an empty one"
        )


def _prove_ours(path: Path) -> None:
    """Look at the header before SQLite does: a foreign file must not be written to, not even its journal mode."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\0"):
        raise LedgerCorrupt(
            f"the file is not a ledger (it begins with {header[:16]!r}); "
            "move it away to start with an empty one, or restore it from a backup"
        )
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise LedgerCorrupt(
            "the file is a SQLite database of another program; move it away or choose another directory"
        )


def _opened(ledger: Ledger, writer: bool) -> Ledger:
    try:
        if writer:
            try:
                _bring_up(ledger)
            except DBAPIError as error:
                if not is_full(error):
                    raise
                # Whoever is to make room by a purge needs a gateway that starts.
                with room_made(ledger.write, ledger.reserve):
                    _bring_up(ledger)
        else:
            with ledger.read.connect() as connection:
                _prove_current(version_of(connection))
    except BaseException:
        ledger.close()
        raise
    return ledger


def _bring_up(ledger: Ledger) -> None:
    with patient(ledger.write) as connection:
        bring_up(connection)
        file_keys(connection)


def _prove_current(step: str | None) -> None:
    if step != HEAD:
        raise LedgerUnavailable(
            newer_than_known(step)
            or f"the ledger is at step {step or 'none'} and this version works with {HEAD}; "
            "start the gateway of this version first, which brings it up"
        )


def _refusal(place: str, error: Exception) -> Exception:
    reason = reason_of(error)
    if "malformed" in reason or "not a database" in reason or "corrupt" in reason:
        return LedgerCorrupt(
            f"{place}: the ledger is damaged ({reason}); restore a backup, or move it away, and its log {FILE}-wal, "
            "to start with an empty one"
        )
    if isinstance(error, (sqlite3.OperationalError, SQLAlchemyError, DatabaseError)):
        return LedgerUnavailable(f"{place}: the ledger cannot be opened ({reason})")
    return LedgerCorrupt(f"{place}: the ledger cannot be read ({reason})")
