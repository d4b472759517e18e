"""Settling: waiting until nothing of a run is unfinished, all is on record, and nothing more has come for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ledger.runs import Runs
from ledger.trouble import LedgerUnavailable
from policies.effect import UNATTRIBUTED
from policies.http_request import RunClaim
from sinks.in_flight import InFlight, RunOf, Work

LOOK_SECONDS = 0.02
"""Between two looks. Nothing is woken by what ends: most waits last as long as they were asked to be quiet."""
TURNS = 5
"""Of the event loop before a look: what the kernel holds already is read and accepted in them."""


async def caught_up() -> None:
    """What the kernel holds is read and accepted."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def _nothing() -> None:
    """Where nothing is counted."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How a wait ended. `why`, a whole sentence, where it was not reached."""

    reached: bool
    why: str | None
    waited: float

    def told(self) -> dict[str, Any]:
        return {"reached": self.reached, "why": self.why, "waited": round(self.waited, 3)}


class Settling:
    """The barrier. Idle kept connections are nothing unfinished; what waits inside an application cannot be seen."""

    def __init__(
        self,
        runs: Runs,
        in_flight: InFlight,
        trouble: Callable[[], str | None],
        tell: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """`trouble`: why the ledger cannot be written now, or None. `tell` has what is only counted yet written down.

        It raises LedgerUnavailable.
        """
        self._runs = runs
        self._in_flight = in_flight
        self._trouble = trouble
        self._tell = tell

    async def settle(self, run_id: str, quiet: float, at_most: float) -> Settled:
        """Wait until nothing of the run is unfinished, and nothing was recorded of it for `quiet` seconds from now on.

        What nobody has claimed yet and may be the run's, because it comes from an address that the run's effects came
        from, is waited for too; what begins after that belongs to later. Those opened inside it settle with it.
        """
        clock = self._in_flight.clock
        began = clock()
        held = self._runs.held(run_id)
        if held is None and next(self._in_flight.of_run(run_id, self._runs.looked_up), None) is None:
            return Settled(True, None, 0.0)  # of a finished run nothing more is recorded
        parent = None if held is None else held.run.parent
        run_of = self._runs.looked_up if parent is None else self._apart(parent)
        while True:
            await caught_up()
            why, seconds = self._unsettled(run_id, quiet, began)
            if why is None:
                why = await self._unclaimed(run_id, began + at_most, run_of) or await self._counted()
                if why is None:
                    return Settled(True, None, clock() - began)
            left = began + at_most - clock()
            if left <= 0:
                return Settled(False, why, clock() - began)
            await asyncio.sleep(min(seconds, left))

    def _unsettled(self, run_id: str, quiet: float, began: float) -> tuple[str | None, float]:
        """Why it is not settled now, and seconds until another look is worth while."""
        trouble = self._trouble()
        if trouble is not None:
            return f"the ledger cannot be written: {trouble}.", LOOK_SECONDS
        family = self._runs.family(run_id)
        for one in (*family, *self._runs.left_by(run_id)):
            work = next(self._in_flight.of_run(one, self._runs.looked_up), None)
            if work is not None:
                return self._shown(work), LOOK_SECONDS
        last = max(self._in_flight.last_of(one) for one in family)
        missing = max(last, began) + quiet - self._in_flight.clock()
        if missing <= 0:
            return None, 0.0
        ago = self._in_flight.clock() - last
        return f"captures of the run kept coming: the last was recorded {ago:.2f} s before the wait ended.", missing

    async def _counted(self) -> str | None:
        """Have repeats of a question written down. Why that cannot be; None: they are."""
        try:
            await self._tell()
        except LedgerUnavailable as error:
            return f"repeated questions could not be counted: {error}."
        return None

    def _apart(self, parent: str) -> RunOf:
        """Inside a contained parent everything is that one's until it says that it is a child's: so nobody's yet."""

        def run_of(claim: RunClaim | None, source: str) -> str:
            run = self._runs.looked_up(claim, source)
            return UNATTRIBUTED if run == parent else run

        return run_of

    async def _unclaimed(self, run_id: str, until: float, run_of: RunOf) -> str | None:
        """Wait for what may be the run's. None: it was not, or nothing is left of it."""
        family = self._runs.family(run_id)
        waiting = [work for one in family for work in self._in_flight.perhaps_of(one, run_of)]
        while waiting:
            if self._in_flight.clock() >= until:
                return self._shown(waiting[0])
            await asyncio.sleep(LOOK_SECONDS)
            waiting = [work for work in waiting if self._in_flight.holds(work)]
            theirs = [work for work in waiting if work.run_by(run_of) not in (None, UNATTRIBUTED)]
            mine = next((work for work in theirs if work.run_by(run_of) in family), None)
            if mine is not None:
                return self._shown(mine)
            waiting = [work for work in waiting if work not in theirs]
        return None

    def _shown(self, work: Work) -> str:
        run = work.run_by(self._runs.looked_up)
        whose = "that nobody has claimed" if run in (None, UNATTRIBUTED) else f"of the run {run!r}"
        host = f" to {work.host}" if work.host else ""
        seconds = self._in_flight.clock() - work.since
        return f"{work.what} {whose} from {work.source}{host} has been unfinished for {seconds:.1f} s."
