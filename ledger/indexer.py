"""Indexer: feeds full-text search behind the captures, in small slices that never make a commit wait for long."""

import contextlib
import threading
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from ledger.body_store import BodyStore
from ledger.dialect import add_to_search
from ledger.search_text import text_of
from ledger.store import Ledger
from ledger.tables import captures, counters, evidence

SLICE_ROWS = 64
SLICE_SECONDS = 0.01
"""How long the index holds the write lock at a time."""

IDLE_SECONDS = 0.5
_SET_INDEXED = counters.update().where(counters.c.name == "indexed")


class Indexer:
    """A thread of the gateway. What it has not reached yet is found nevertheless: see `search`."""

    def __init__(self, ledger: Ledger, store: BodyStore) -> None:
        self._ledger = ledger
        self._store = store
        self._add = add_to_search(ledger.dialect)
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

    def catch_up(self) -> None:
        """Index everything there is, here and now."""
        while self.slice():
            pass

    def slice(self) -> int:
        """One slice; returns how many captures it indexed."""
        rows = self._unindexed()
        if not rows:
            return 0
        texts = [{"seq": row["seq"], "body": self._text(row)} for row in rows]
        done = 0
        while done < len(texts) and not self._ending.is_set():
            with self._ledger.turn, self._ledger.background.begin() as connection:
                done += self._index(connection, texts[done:])
        return done

    def _run(self) -> None:
        while not self._ending.is_set():
            started = time.monotonic()
            try:
                done = self.slice()
                self.trouble = None
            except SQLAlchemyError as error:
                self.trouble, done = f"search falls behind ({type(error).__name__})", 0
            # Never more than a third of a core, and next to nothing while captures wait for their commit.
            pause = (time.monotonic() - started) * (10 if self._ledger.waiting else 2) if done else IDLE_SECONDS
            self._ending.wait(min(pause, IDLE_SECONDS))

    def _unindexed(self) -> list[Mapping[Any, Any]]:
        with self._ledger.read.connect() as connection:
            indexed = connection.execute(select(counters.c.value).where(counters.c.name == "indexed")).scalar_one()
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
        # Looked at again under the lock: the words of what was removed meanwhile must not come back.
        there = select(captures.c.seq).where(captures.c.seq.between(texts[0]["seq"], texts[-1]["seq"]))
        present = set(connection.execute(there).scalars())
        done = 0
        while done < len(texts) and time.monotonic() < until and not (done and self._ledger.waiting):
            if texts[done]["seq"] in present:
                connection.execute(self._add, texts[done])
            done += 1
        connection.execute(_SET_INDEXED.values(value=texts[done - 1]["seq"]))
        return done
