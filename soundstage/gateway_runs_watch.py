"""RunWatch: looks once a second at what could make a run's evidence incomplete: the clock, the ledger, its age."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ledger.runs import Runs
from ledger.to_its_end import to_its_end
from ledger.trouble import LedgerUnavailable
from policies.effect import UNATTRIBUTED
from sinks.in_flight import InFlight

LOOK_SECONDS = 1.0
MOST_JUMP = 2.0
"""Seconds by which the wall clock may run away from the steady one between two looks."""
RESTARTED = "the gateway was restarted: what was attempted meanwhile was refused, and not recorded."

_log = logging.getLogger(__name__)
Clock = Callable[[], float]


class RunWatch:
    """Notes gaps on the runs that are open. Finishes what has been open for a day, and what nobody owns any more."""

    def __init__(
        self,
        runs: Runs,
        in_flight: InFlight,
        trouble: Callable[[], str | None],
        wall: Clock = time.time,
        steady: Clock = time.monotonic,
    ) -> None:
        """`trouble`: why the ledger cannot be written now, or None. `wall`, `steady`: seconds."""
        self._runs = runs
        self._in_flight = in_flight
        self._trouble = trouble
        self._wall, self._steady = wall, steady
        self._last_wall, self._last_steady = wall(), steady()

    def restarted(self, last_sign: datetime) -> None:
        """Called at a start: of every run that is open already, something may be missing since the last sign."""
        now = self._now()
        for run_id in self._runs.open_ids:
            held = self._runs.held(run_id)
            since = last_sign if held is None else max(last_sign, held.run.opened_at)
            self._runs.troubles.note((run_id,), min(since, now), now, RESTARTED)

    async def keep_on(self) -> None:
        """Look until cancelled; what cannot be written now is kept for later."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self.look()
                await to_its_end(self.write)
            except LedgerUnavailable as error:
                _log.warning("what is known of runs waits to be written: %s", error)
            except Exception:  # whatever it is: unwatched, a run would be told clean that was not
                _log.exception("what is known of runs could not be written; it is tried again")

    def look(self) -> None:
        """Note what has happened since the last look. Blocks on nothing."""
        jump = self._jumped()
        now = self._now()
        if abs(jump) > MOST_JUMP:
            moved = "forward" if jump > 0 else "back"
            before = now - timedelta(seconds=max(jump, 0.0))
            why = f"the clock was moved {moved} by {abs(jump):.1f} s, or the machine slept."
            self._runs.troubles.note(self._runs.open_ids, before, now, why)
        for work, why in self._in_flight.lost():
            self._runs.missed(
                work.run_by(self._runs.looked_up) or UNATTRIBUTED, now, f"{work.what} was refused: {why}."
            )
        trouble = self._trouble()
        if trouble is not None:
            self._runs.troubles.note(self._runs.open_ids, now, now, f"the ledger could not be written: {trouble}.")

    def write(self) -> None:
        """Write down what was noted, and end what is too old. Blocks on the disk; raises LedgerUnavailable."""
        self._runs.troubles.write()
        self._runs.write_counts()
        self._runs.expire(self._now())
        self._abandon()

    def called(self, run_id: str, waiting: float = 0.0) -> None:
        """Its owner was heard of, and waits for an answer for so many seconds."""
        held = self._runs.held(run_id)
        if held is not None:
            held.called_at = max(held.called_at or 0.0, self._steady() + waiting)

    def _abandon(self) -> None:
        """End as inconclusive what had a lease that nobody renewed. By the clock that nobody moves, nor sleep."""
        now = self._steady()
        for run_id in self._runs.open_ids:
            held = self._runs.held(run_id)
            if held is None or held.run.lease is None:
                continue
            if held.called_at is None:  # after a restart, which its owner may have noticed later than we
                held.called_at = now
            elif now - held.called_at > held.run.lease:
                self._runs.finish(run_id, "inconclusive", self._now(), "abandoned")

    def _jumped(self) -> float:
        wall, steady = self._wall(), self._steady()
        jump = (wall - self._last_wall) - (steady - self._last_steady)
        self._last_wall, self._last_steady = wall, steady
        return jump

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall(), UTC)
