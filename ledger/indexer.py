"""Indexer: feeds full-text search behind the captures, and has it forget what was removed. Works beside the gateway.

It reads the ledger and writes the index alone: in the embedded case a file of its own, so that no commit waits for it.
"""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from ledger.body_store import BodyStore
from ledger.dialect import add_to_search, indexed_between, remove_from_search
from ledger.engine import reason_of, sqlite_engine
from ledger.search_file import made
from ledger.search_text import text_of
from ledger.store import Ledger
from ledger.tables import captures, counters, evidence, removals

SLICE_ROWS = 64
SLICE_SECONDS = 0.02
"""How long the index is written to at a time."""

IDLE_SECONDS = 0.5
_FORGET_ROWS = 2000
_LOG = logging.getLogger(__name__)


class Indexer:
    """A thread of the dashboard's process. What it has not reached yet is found nevertheless: see `search`."""

    def __init__(self, ledger: Ledger, store: BodyStore) -> None:
        self._ledger = ledger
        self._store = store
        self._engine: Engine | None = None
        self._anew = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger-indexer", daemon=True)
        self.trouble: str | None = None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End after the slice at hand. Blocks."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._let_go()

    def catch_up(self) -> None:
        """Index and forget everything there is to, here and now."""
        while self.slice():
            pass
        while self.forget():
            pass

    def slice(self) -> int:
        """Index some captures; returns how many."""
        engine = self._opened()
        rows = self._unindexed()
        if not rows:
            return 0
        texts = [{"seq": row["seq"], "body": self._text(row)} for row in rows]
        done = 0
        while done < len(texts) and not self._ending.is_set():
            with engine.begin() as connection:
                done += self._index(connection, texts[done:])
        return done

    def forget(self) -> bool:
        """Take the words of removed captures out; whether there is more to do."""
        engine = self._opened()
        with self._ledger.read.connect() as connection:
            removed = int(connection.execute(select(func.coalesce(func.sum(removals.c.captures), 0))).scalar_one())
        with engine.connect() as connection:
            if _counter(connection, "forgotten") == removed:
                return False
        if self._forget_all(engine):
            with engine.begin() as connection:
                _set(connection, "forgotten", removed)
        return not self._ending.is_set()

    def _run(self) -> None:
        while not self._ending.is_set():
            started = time.monotonic()
            try:
                done = bool(self.slice()) or self.forget()
                self.trouble = None
            except (SQLAlchemyError, sqlite3.Error, OSError) as error:
                self._recover(error)
                done = False
            # Never more than a third of a core: the pages are this process's first work.
            pause = (time.monotonic() - started) * 2 if done else IDLE_SECONDS
            self._ending.wait(min(pause, IDLE_SECONDS))

    def _recover(self, error: Exception) -> None:
        """An index that is damaged is thrown away; the next slice begins a new one."""
        reason = reason_of(error)
        if self.trouble is None:
            _LOG.warning("search falls behind: %s", reason)
        self.trouble = f"search falls behind ({reason})"
        self._let_go()
        self._anew = "malformed" in reason or "not a database" in reason

    def _opened(self) -> Engine:
        if self._engine is None:
            path = self._ledger.path
            self._engine = self._ledger.write if path is None else sqlite_engine(made(path, anew=self._anew), "index")
            self._anew = False
        return self._engine

    def _let_go(self) -> None:
        if self._engine is not None and self._ledger.path is not None:
            self._engine.dispose()
        self._engine = None

    def _unindexed(self) -> list[Mapping[Any, Any]]:
        with self._opened().connect() as connection:
            indexed = _counter(connection, "indexed")
        with self._ledger.read.connect() as connection:
            statement = select(captures, evidence).join(evidence, evidence.c.seq == captures.c.seq)
            statement = statement.where(captures.c.seq > indexed).order_by(captures.c.seq).limit(SLICE_ROWS)
            return list(connection.execute(statement).mappings())

    def _text(self, row: Mapping[Any, Any]) -> str:
        # A capture whose text cannot be made out is found by its filters; it must not stop the index for all others.
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            return text_of(row, self._store)
        return ""

    def _index(self, connection: Connection, texts: list[dict[str, Any]]) -> int:
        """Add as many as the slice's time allows, one at least."""
        until = time.monotonic() + SLICE_SECONDS
        add = add_to_search(self._ledger.dialect)
        done = 0
        while done < len(texts) and (not done or time.monotonic() < until):
            connection.execute(add, texts[done])
            done += 1
        _set(connection, "indexed", texts[done - 1]["seq"])
        return done

    def _forget_all(self, engine: Engine) -> bool:
        """Go through the whole index once, in slices; False where it was ended before."""
        last = 0
        while not self._ending.is_set():
            with engine.connect() as connection:
                there = list(connection.execute(indexed_between(self._ledger.dialect, last, _FORGET_ROWS)).scalars())
            if not there:
                return True
            with self._ledger.read.connect() as connection:
                known = select(captures.c.seq).where(captures.c.seq.between(there[0], there[-1]))
                gone = sorted(set(there) - set(connection.execute(known).scalars()))
            for first in range(0, len(gone), SLICE_ROWS):
                with engine.begin() as connection:
                    rows = [{"seq": seq} for seq in gone[first : first + SLICE_ROWS]]
                    connection.execute(remove_from_search(self._ledger.dialect), rows)
            last = there[-1]
        return False


def _counter(connection: Connection, name: str) -> int:
    return int(connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one())


def _set(connection: Connection, name: str, value: int) -> None:
    connection.execute(counters.update().where(counters.c.name == name).values(value=value))
