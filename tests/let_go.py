"""LetGo: what has come into being since a moment and must be gone again, without the garbage collector's help."""

import asyncio
import gc
import time
from types import TracebackType

PATIENCE = 60.0
"""Seconds. A bound, not an expectation: machines that run tests are busy."""


class LetGo:
    """Objects of some types. Nothing is collected while the block runs."""

    def __init__(self, *types: type) -> None:
        self._types = types
        self._before: list[object] = []

    def __enter__(self) -> "LetGo":
        gc.collect()
        gc.disable()
        self._before = self._now()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        gc.enable()
        self._before.clear()

    async def until(self, name: str) -> None:
        """Wait until there is something of the type of this name."""
        deadline = time.monotonic() + PATIENCE
        while name not in self._new():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {name} came into being")
            await asyncio.sleep(0.001)

    async def left(self) -> list[str]:
        """The types of what is still there once there has been time enough: none as soon as all is gone."""
        deadline = time.monotonic() + PATIENCE
        while (left := self._new()) and time.monotonic() < deadline:  # noqa: ASYNC110 - nobody tells of what is gone
            await asyncio.sleep(0.001)
        return left

    def _new(self) -> list[str]:
        before = {id(thing) for thing in self._before}
        return sorted({type(thing).__name__ for thing in self._now() if id(thing) not in before})

    def _now(self) -> list[object]:
        return [thing for thing in gc.get_objects() if isinstance(thing, self._types)]
