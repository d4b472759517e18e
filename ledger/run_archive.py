"""RunArchive: runs as the tables keep them, open or finished, with windows and gaps. Blocks on the disk."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ledger import run_rows
from ledger.engine import reason_of
from ledger.run import RunGap, RunStory
from ledger.run_family import stories_of, story_of
from ledger.store import Ledger
from ledger.trouble import LedgerUnavailable


class RunArchive:
    """Every call is one transaction. Raises LedgerUnavailable where the ledger cannot be read or written."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def find(self, run_id: str) -> RunStory | None:
        """One with its windows, its gaps and its children."""
        with self.reading() as connection:
            run = run_rows.find_run(connection, run_id)
            return None if run is None else story_of(connection, run)

    def newest(self, is_open: bool | None, limit: int) -> list[RunStory]:
        """The latest begun first, without their children. `is_open`: only those that are, or are not."""
        with self.reading() as connection:
            return stories_of(connection, run_rows.newest_runs(connection, is_open, limit))

    def gap(self, run_ids: Iterable[str], gap: RunGap) -> None:
        """Note that these runs' evidence may not be whole."""
        with self.writing() as connection:
            for run_id in run_ids:
                run_rows.put_gap(connection, run_id, gap)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that takes the write lock at once."""
        try:
            with self._ledger.turn, self._ledger.write.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"the run cannot be written down ({reason_of(error)})") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent state."""
        try:
            with self._ledger.read.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"the ledger cannot be read ({reason_of(error)})") from error
