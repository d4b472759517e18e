"""SmtpWatch: the time limits of all connections of a listener, by one timer. What a limit means is the connection's."""

from asyncio import TimerHandle, get_running_loop
from collections.abc import Collection
from typing import Protocol

from sinks.smtp_limits import SmtpLimits

LINGER_SECONDS = 10.0
"""For a client to take the last words, and until the next look at all of them: so late a limit may be noticed."""


class Watched(Protocol):
    """A connection."""

    def due(self, now: float) -> float:
        """When it must be looked at again, on the loop's clock; where that is over, it has acted on it."""
        ...


class SmtpWatch:
    """A timer a connection, set and cancelled, cost more than its greeting; this one costs a look at each now and then.

    It runs while there are connections.
    """

    def __init__(self, connections: Collection[Watched], limits: SmtpLimits) -> None:
        self._connections = connections
        self._soonest = min(limits.idle_seconds, limits.message_seconds, limits.session_seconds, LINGER_SECONDS)
        self._timer: TimerHandle | None = None

    def begin(self) -> None:
        """There is a connection."""
        if self._timer is None:
            self._timer = get_running_loop().call_later(self._soonest, self._look)

    def end(self) -> None:
        """There will be none any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        loop = get_running_loop()
        now = loop.time()
        self._timer = None
        dues = [connection.due(now) for connection in tuple(self._connections)]
        if dues:
            self._timer = loop.call_at(min(*dues, now + self._soonest), self._look)
