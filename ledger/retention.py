"""Retention: how long captures are kept, and taking them away when somebody asks. What an open run needs stays."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import SQLAlchemyError

from ledger.body_store import BodyStore
from ledger.conditions import conditions
from ledger.engine import reason_of
from ledger.filters import Filters
from ledger.moment import microseconds
from ledger.named_bodies import take_unnamed
from ledger.removal import SLICE_SECONDS, Removal, Removed
from ledger.runs import OPEN_AT_MOST
from ledger.search import Search
from ledger.store import Ledger
from ledger.tables import captures, counters, runs
from ledger.to_its_end import to_its_end
from ledger.trouble import LedgerUnavailable

SWEEP_SECONDS = 60.0
LOOK_SECONDS = 86_400.0
"""Between two looks for body files that nobody names."""
MOVED_SECONDS = 600.0
"""By which the wall clock may run away from the steady one between two sweeps."""
SETTLE_SECONDS = 3_600.0
"""For so long after that nothing is too old: whoever moved a clock ahead by mistake may move it back."""
LONGEST_DAYS = 100_000.0
"""More is for ever: no calendar goes back that far."""
_NAMED = 500
"""Captures named by their numbers in one statement."""

_LOG = logging.getLogger(__name__)


class OpenRunWouldLose(Exception):
    """A run that is still open would lose evidence: whoever asked must finish it first, or ask for less."""


class Retention:
    """Keeps the ledger within its age and size. Blocks on the disk: run it aside, or let `keep_on` do that."""

    def __init__(
        self,
        ledger: Ledger,
        store: BodyStore,
        *,
        keep_days: float,
        keep_bytes: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`steady`: seconds, of a clock that nobody moves."""
        self._steady = steady
        self._seen: tuple[float, float] | None = None
        """Both clocks at the last sweep."""
        self._settled = 0.0
        self._ledger = ledger
        self._store = store
        self._age = timedelta(days=min(keep_days, LONGEST_DAYS))
        self._bytes = keep_bytes
        self._clock = clock
        self._ending = False

    def end(self) -> None:
        """Take no further slice, from whichever thread; who asked is told. The ledger is about to be closed."""
        self._ending = True

    async def keep_on(self) -> None:
        """Sweep once a minute until cancelled; trouble, of whatever kind, is logged and tried again."""
        looked: float | None = None
        while True:
            try:
                await to_its_end(self.sweep)
                await to_its_end(self._ledger.reserve.take)
                if looked is None or time.monotonic() - looked > LOOK_SECONDS:
                    await to_its_end(self.take_unnamed)
                    looked = time.monotonic()
            except LedgerUnavailable as error:
                _LOG.warning("retention waits: %s", error)
            except Exception:
                _LOG.exception("retention failed; it is tried again")
            await asyncio.sleep(SWEEP_SECONDS)

    def take_unnamed(self) -> None:
        """Take body files and their rows that no capture names, once they are too old. Raises LedgerUnavailable."""
        try:
            take_unnamed(self._ledger, self._store, self._clock() - self._age)
        except (SQLAlchemyError, OSError) as error:
            raise LedgerUnavailable(f"files that nobody names cannot be taken ({reason_of(error)})") from error

    def sweep(self) -> Removed:
        """Take what is too old, then the oldest of what is too much."""
        now = self._clock()
        old = Removal(self._ledger, self._store, "age", now, with_objects=True)
        limit = now - self._age if self._is_settled(now) else datetime.min.replace(tzinfo=UTC)
        self._in_slices(old, [captures.c.at < microseconds(limit), self._spared(now)])
        much = Removal(self._ledger, self._store, "bytes", now, with_objects=True)
        while (excess := self._octets() - self._bytes) > 0 and much.slice([self._spared(now)], excess):
            self._breathe()
        total = old.removed
        total.captures += much.removed.captures
        total.octets += much.removed.octets
        return total

    def purge(self, filters: Filters) -> Removed:
        """Take what matches, because somebody asked.

        Raises OpenRunWouldLose, and takes nothing, where a run that is still open would lose evidence.
        """
        now = self._clock()
        asked = self._asked(filters)
        for where in asked:
            self._prove_no_open_run(where, now)
        removal = Removal(self._ledger, self._store, "asked", now, with_objects=False)
        for where in asked:
            self._in_slices(removal, [*where, self._spared(now)])
        removal.settle()
        return removal.removed

    def _in_slices(self, removal: Removal, where: list[Any]) -> None:
        while removal.slice(where):
            self._breathe()

    def _breathe(self) -> None:
        """Leave the lock to the captures for as long as it was held. LedgerUnavailable where this is to end."""
        if self._ending:
            raise LedgerUnavailable("the gateway is being stopped")
        time.sleep(SLICE_SECONDS)

    def _asked(self, filters: Filters) -> list[list[Any]]:
        """Conditions for what matches now: by full text exactly what a list of the same words shows."""
        if filters.q is None:
            return [[*conditions(filters, by_capture=True), captures.c.seq <= self._last_seq()]]
        seqs = sorted(self._found(filters, filters.q))
        return [[captures.c.seq.in_(seqs[first : first + _NAMED])] for first in range(0, len(seqs), _NAMED)]

    def _found(self, filters: Filters, q: str) -> list[int]:
        try:
            with self._ledger.read.connect() as connection:
                return Search(connection, self._store, q).seqs(conditions(filters))
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"the ledger cannot be read ({reason_of(error)})") from error

    def _prove_no_open_run(self, where: list[Any], now: datetime) -> None:
        statement = select(captures.c.run).where(*where, captures.c.run.in_(_open_runs(now))).limit(1)
        run = self._scalar(statement)
        if run is not None:
            raise OpenRunWouldLose(f"the run {run!r} is still open and would lose captures; finish it first")

    def _spared(self, now: datetime) -> Any:
        return captures.c.run.not_in(_open_runs(now))

    def _is_settled(self, now: datetime) -> bool:
        wall, steady = now.timestamp(), self._steady()
        if self._seen is not None:
            before_wall, before_steady = self._seen
            jump = (wall - before_wall) - (steady - before_steady)
            if abs(jump) > MOVED_SECONDS:
                _LOG.warning("the clock was moved by %.0f s: nothing is taken for its age for an hour", jump)
                self._settled = steady + SETTLE_SECONDS
        self._seen = wall, steady
        return steady >= self._settled

    def _octets(self) -> int:
        return int(self._scalar(select(counters.c.value).where(counters.c.name == "octets")) or 0)

    def _last_seq(self) -> int:
        return int(self._scalar(select(counters.c.value).where(counters.c.name == "seq")) or 0)

    def _scalar(self, statement: Any) -> Any:
        try:
            with self._ledger.read.connect() as connection:
                return connection.execute(statement).scalar()
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"the ledger cannot be read ({reason_of(error)})") from error


def _open_runs(now: datetime) -> Any:
    since = microseconds(now) - OPEN_AT_MOST
    still_open = (runs.c.finished_at.is_(None), runs.c.opened_at > since)
    around = runs.alias("around")
    # What was opened inside a run is judged with it, and may be finished long before.
    open_around = select(around.c.id).where(around.c.finished_at.is_(None), around.c.opened_at > since)
    return select(runs.c.id).where(or_(and_(*still_open), runs.c.parent.in_(open_around)))
