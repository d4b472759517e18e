"""Committer: the one thread that writes captures: commits each batch it is given, says how that went."""

import contextlib
import functools
import queue
import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from ledger.batch import Write, write_batch
from ledger.body_store import BodyStore
from ledger.engine import reason_of
from ledger.full_disk import empty_log, is_full, prove_room
from ledger.row import Row
from ledger.store import Ledger
from ledger.tally import add_to_counter
from ledger.transaction import transaction
from ledger.trouble import LedgerUnavailable
from ledger.waiting import Waiting
from ledger.watch import Watch

PROBE_SECONDS = 1.0
"""While in trouble, how often it is tried whether a commit works again: readiness must not wait for traffic."""

STALL_SECONDS = 10.0
"""A disk that takes longer for a commit is no disk to be ready on."""

Report = Callable[[list[Waiting], BaseException | None, int], None]


class Committer:
    """Commits batches in order, each whole or not at all; a write that cannot be written fails alone."""

    def __init__(
        self,
        ledger: Ledger,
        store: BodyStore,
        report: Report,
        *,
        stall_seconds: float = STALL_SECONDS,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        """`report` is called from the thread with each batch, what failed it, and the last `seq` committed, or 0."""
        self._ledger = ledger
        self._store = store
        self._report = report
        self._queue: queue.SimpleQueue[list[Waiting] | None] = queue.SimpleQueue()
        self._watch = Watch(ledger.path)
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="ledger-committer", daemon=True)
        self._trouble: str | None = None
        self._place = ledger.path or "the ledger's database"
        self._stall_seconds, self._probe_seconds = stall_seconds, probe_seconds
        self._begun: float | None = None
        """When the thread began what it is at."""

    def start(self) -> None:
        self._watch.look()
        self._thread.start()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be recorded now, as a phrase, or None. To be asked from any thread."""
        begun = self._begun
        if self._trouble is None and begun is not None and time.monotonic() - begun > self._stall_seconds:
            # Whoever waits for it is not answered, so that nothing is lost; but nobody may take that for readiness.
            return f"{self._place} does not answer: a commit waits for it since {time.monotonic() - begun:.0f} s"
        return self._trouble

    def put(self, batch: list[Waiting]) -> None:
        self._queue.put(batch)

    def stop(self) -> None:
        """Commit what waits, then end. Blocks."""
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            if batch:
                self._commit(batch)
            else:
                self._begun = time.monotonic()
                self._probe()
                self._begun = None
        if self._connection is not None:
            self._file_late(self._connection)
            self._connection.close()

    def _file_late(self, connection: Connection) -> None:
        """At the end the tables know all, so that the next start finds nothing to write."""
        # Where it cannot be, the evidence says it still.
        with contextlib.suppress(LedgerUnavailable, SQLAlchemyError), self._ledger.turn:
            self._prove_file()
            with transaction(connection):
                self._ledger.late.write_all(connection)
            self._ledger.late.forget()

    def _next_batch(self) -> list[Waiting] | None:
        """None at the end; empty where it is time to try again whether a commit works."""
        try:
            return self._queue.get(timeout=self._probe_seconds if self._trouble else None)
        except queue.Empty:
            return []

    def _commit(self, batch: list[Waiting]) -> None:
        self._begun = time.monotonic()
        try:
            last = self._write([waiting.write for waiting in batch])
        except LedgerUnavailable as error:
            self._tell(batch, error, 0)
        except Exception as error:
            self._commit_apart(batch, error)
        else:
            self._tell(batch, None, last)

    def _tell(self, batch: list[Waiting], error: BaseException | None, last: int) -> None:
        """Whoever hears of it and asks finds that nothing waits for it any more."""
        self._begun = None
        self._report(batch, error, last)

    def _commit_apart(self, batch: list[Waiting], error: Exception) -> None:
        """Something in the batch cannot be written: each on its own, so that it fails nobody else."""
        if len(batch) == 1:
            self._tell(batch, error, 0)
            return
        for waiting in batch:
            self._commit([waiting])

    def _write(self, writes: list[Write]) -> int:
        """One transaction. Raises LedgerUnavailable where the ledger as a whole cannot be written."""
        try:
            with self._ledger.turn:
                self._prove_file()
                connection = self._opened()
                # In trouble already, each probe looks for room: a client's try must not cost more than its refusal.
                act = functools.partial(self._transaction, connection, writes)
                last = act() if self._trouble else self._roomy(act)
                self._prove_file()
        except DBAPIError as error:
            if isinstance(error, OperationalError) or _damaged(error):
                raise self._in_trouble(reason_of(error)) from error
            raise
        except SQLAlchemyError as error:
            raise self._in_trouble(reason_of(error)) from error
        self._trouble = None
        return last

    def _roomy[Told](self, act: Callable[[], Told]) -> Told:
        """Where the disk is full once more, with the log begun anew: what removals freed in the file is used then."""
        try:
            return act()
        except DBAPIError as error:
            if not is_full(error):
                raise
        empty_log(self._ledger.write)
        return act()

    def _transaction(self, connection: Connection, writes: list[Write]) -> int:
        rows = [write for write in writes if isinstance(write, Row)]
        with transaction(connection):
            last = write_batch(connection, writes, self._store)
            self._ledger.late.write(connection, rows, last)
        self._ledger.late.committed(rows, last)
        return last

    def _opened(self) -> Connection:
        """The connection is kept: while it is open, nobody's closing removes the log."""
        if self._connection is None:
            self._connection = self._ledger.write.connect()
        return self._connection

    def _prove_file(self) -> None:
        trouble = self._watch.trouble()
        if trouble is not None:
            raise self._in_trouble(trouble)

    def _in_trouble(self, reason: str) -> LedgerUnavailable:
        self._trouble = reason if str(self._place) in reason else f"{self._place} cannot be written ({reason})"
        return LedgerUnavailable(f"this cannot be recorded: {self._trouble}")

    def _probe(self) -> None:
        """See whether commits work again, such as a capture needs."""
        proof = _nothing if self._ledger.path is None else prove_room
        try:
            with self._ledger.turn:
                self._prove_file()
                self._roomy(functools.partial(proof, self._opened()))
        except (LedgerUnavailable, SQLAlchemyError):
            return
        self._trouble = None


def _nothing(connection: Connection) -> None:
    with transaction(connection):
        add_to_counter(connection, "seq", 0)


def _damaged(error: DBAPIError) -> bool:
    reason = reason_of(error)
    return "malformed" in reason or "not a database" in reason
