"""Repeats: one capture for a question that is asked again and again, with the number of times it was."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Question = tuple[str, str, str]
"""Client address, name and type."""
Key = tuple[str, str, str, str]
"""The question, after whose it is: one that another run asks, or another window of it, is no repeat."""
WINDOW_SECONDS = 60.0
MOST_KEYS = 10_000


@dataclass(slots=True)
class Asked:
    """A question within its window."""

    began: float
    recorded: asyncio.Future[str | None]
    """The capture's id once it is durable; None where it could not be recorded."""
    repeats: int = field(default=0)


class Repeats:
    """Records a question the first time, counts it for a window, and then tells the count."""

    def __init__(
        self,
        count: Callable[[str, int], Awaitable[None]] | None,
        *,
        window: float = WINDOW_SECONDS,
        most: int = MOST_KEYS,
        whose: Callable[[str], str] = lambda source: "",
    ) -> None:
        """`whose`: to whom what comes from an address is booked now."""
        self._count = count
        self.window = window
        self._most = most
        self._whose = whose
        self._asked: OrderedDict[Key, Asked] = OrderedDict()
        self._telling = asyncio.Lock()
        """Else a count that is put back, because it could not be told, would be of a window that has been ended."""

    async def take(self, question: Question, record: Callable[[], Awaitable[str | None]]) -> bool:
        """Whether the question is on record: by `record` now, or by an earlier one that it repeats."""
        key = (self._whose(question[0]), *question)
        loop = asyncio.get_running_loop()
        held = self._asked.get(key)
        if held is not None and loop.time() - held.began >= self.window:
            await self._close(key, held)
            held = self._asked.get(key)
        if held is not None:
            held.repeats += 1
            return await asyncio.shield(held.recorded) is not None
        mine = Asked(loop.time(), loop.create_future())
        self._asked[key] = mine
        capture_id = None
        try:
            capture_id = await record()
        finally:
            mine.recorded.set_result(capture_id)
            if capture_id is None and self._asked.get(key) is mine:
                del self._asked[key]
        if len(self._asked) > self._most:
            await self._close(*next(iter(self._asked.items())))
        return capture_id is not None

    async def flush(self, before: float | None = None) -> None:
        """Tell the counts of every window that began before a time of the loop's clock; None: of all."""
        while self._asked:
            key, oldest = next(iter(self._asked.items()))
            if before is not None and oldest.began > before:
                return
            await self._close(key, oldest)

    async def tell(self) -> None:
        """Tell the counts so far; every window goes on. Raises what telling one raises, with that count kept."""
        async with self._telling:
            waiting = [self._tell(asked) for asked in self._asked.values() if asked.repeats]
            for trouble in await asyncio.gather(*waiting, return_exceptions=True):
                if trouble is not None:
                    raise trouble

    async def _close(self, key: Key, asked: Asked) -> None:
        """End a window. Where the count cannot be told now, it is kept and told later."""
        async with self._telling:
            await self._tell(asked)
            if self._asked.get(key) is asked:
                del self._asked[key]

    async def _tell(self, asked: Asked) -> None:
        capture_id = await asyncio.shield(asked.recorded)
        while asked.repeats and capture_id is not None and self._count is not None:
            told, asked.repeats = asked.repeats, 0
            try:
                await self._count(capture_id, told)
            except BaseException:
                asked.repeats += told
                raise
