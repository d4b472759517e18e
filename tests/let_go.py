"""LetGo: what has come into being since a moment and must be gone again, without the garbage collector's help."""

import asyncio
import gc
from types import TracebackType


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
        for _ in range(200):
            if name in self._new():
                return
            await asyncio.sleep(0.001)
        raise TimeoutError(f"no {name} came into being")

    async def left(self) -> list[str]:
        """The types of what is still there once the loop has turned often enough."""
        for _ in range(200):
            if not self._new():
                break
            await asyncio.sleep(0.001)
        return self._new()

    def _new(self) -> list[str]:
        before = {id(thing) for thing in self._before}
        return sorted({type(thing).__name__ for thing in self._now() if id(thing) not in before})

    def _now(self) -> list[object]:
        return [thing for thing in gc.get_objects() if isinstance(thing, self._types)]
