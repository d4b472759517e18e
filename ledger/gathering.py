"""Gathering: which captures share a transaction. A commit costs the disk the same for one as for a hundred of them.

While one transaction is being committed the next one gathers. When it is done, those it had held up come back with more
at about the same time: as many as were waiting are waited for, as long as they keep coming, and never for long.
"""

import asyncio
from collections.abc import Callable

from ledger.waiting import Waiting

BATCH_LIMIT = 500
"""Captures of one transaction: more would hold up the first of them for too long."""

PAUSE_SECONDS = 0.001
"""Nobody new for this long: whoever was expected does not come."""

PATIENCE = 5
"""So many pauses a capture waits for others at most. One that comes alone does not wait at all."""


class Gathering:
    """Hands one batch at a time to `send`, and waits for `done`. Belongs to one event loop."""

    def __init__(self, send: Callable[[list[Waiting]], None], loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._waiting: list[Waiting] = []
        self._sent = 0
        """How many are being committed now."""
        self._expected = 0
        self._seen = self._pauses = 0
        """How many waited when it was last looked, and how often they have been waited for."""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, waiting: Waiting) -> None:
        """One more."""
        self._waiting.append(waiting)
        if not self._sent and (self._timer is None or len(self._waiting) >= self._expected):
            self._consider()

    def done(self, count: int) -> None:
        """The batch of `count` has been dealt with."""
        self._sent -= count
        self._expected = min(count + len(self._waiting), BATCH_LIMIT)
        if self._waiting and not self._sent:
            # What came during the commit has waited already; what it held up is about to come.
            self._consider()

    def close(self) -> None:
        """Hand over all that waits."""
        while self._waiting:
            self._hand_over()

    def _consider(self) -> None:
        if len(self._waiting) >= self._expected:
            self._hand_over()
        elif self._timer is None:
            self._wait()

    def _wait(self) -> None:
        self._seen = len(self._waiting)
        self._timer = self._loop.call_later(PAUSE_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        self._pauses += 1
        if self._seen < len(self._waiting) and self._pauses < PATIENCE:
            self._wait()
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pauses = 0
        batch, self._waiting = self._waiting[:BATCH_LIMIT], self._waiting[BATCH_LIMIT:]
        self._sent += len(batch)
        self._send(batch)
