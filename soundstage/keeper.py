"""Keeper: keeps one child running.

A death before it was ever ready is the operator's to mend; any later one is answered by a restart, later each time.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from soundstage.child import Child
from soundstage.console import complain, warn
from soundstage.spawned import Spawned
from soundstage.trouble import ConfigError

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds between a death and the restart: doubled each time, forgotten once a child has run for the longest."""

Order = Callable[[], Awaitable[dict[str, Any]]]


class Keeper:
    """One child's life, from its first start to the stop."""

    def __init__(
        self, name: str, argv: Sequence[str], *orders: Order, pass_fds: Sequence[int] = (), first: Spawned | None = None
    ) -> None:
        """Each start is given one order after the other, as soon as there is one. `first`: is started already."""
        self.name = name
        self._argv = argv
        self._orders = orders
        self._pass_fds = pass_fds
        self._first = first
        self._child: Child | None = None
        self._trouble: dict[str, Any] | None = None
        self.ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        """What the first start reported."""

    async def keep(self) -> None:
        """Run until cancelled; then stop the child. Raises ConfigError where it never got ready."""
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            code = await self._live()
            if not self.ready.done():
                raise self._never_ready(code)
            if loop.time() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            self._tell(code, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def signal(self, number: signal.Signals) -> None:
        """Pass a signal on to the child that runs now."""
        if self._child is not None:
            self._child.signal(number)

    async def _live(self) -> int:
        self._trouble = None
        spawned, self._first = self._first or Spawned(self._argv, self._pass_fds), None
        child = self._child = Child(spawned)
        try:
            for order in self._orders:
                child.order(await order())
            async for report in child.reports():
                self._hear(report)
            return await child.ended()
        finally:
            await child.stop()

    def _hear(self, report: dict[str, Any]) -> None:
        if "ready" not in report:
            self._trouble = report
        elif not self.ready.done():
            self.ready.set_result(report["ready"])

    def _never_ready(self, code: int) -> ConfigError:
        if self._trouble is not None:
            return ConfigError(self._trouble["error"], self._trouble.get("hint"))
        return ConfigError(f"the {self.name} ended before it was ready ({_ending(code)})", "what it said stands above")

    def _tell(self, code: int, pause: float) -> None:
        if self._trouble is not None:
            complain(self._trouble["error"], self._trouble.get("hint"))
        warn(f"the {self.name} ended ({_ending(code)}); it is started again in {pause:g} s")


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
