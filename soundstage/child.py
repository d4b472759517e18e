"""Child: one supervised process, from outside: told what to do, heard through its reports, stopped in time."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from soundstage.spawned import Spawned

STOP_SECONDS = 4.0
"""How long a child may take to stop by itself; all of Soundstage has stopped within five seconds."""


class Child:
    """`python -m soundstage _<name>`. It reads orders, JSON lines, from stdin; the end of it: its parent died."""

    def __init__(self, spawned: Spawned) -> None:
        self._spawned = spawned
        self._process = spawned.process
        # In a thread, because it may have been started, and may have ended, before there was a loop to watch it.
        self._ended = asyncio.ensure_future(asyncio.to_thread(spawned.process.wait))

    @property
    def pid(self) -> int:
        return self._process.pid

    def order(self, order: Mapping[str, Any]) -> None:
        """Say what to do. A child that has died already says why by its end."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for as a pipe
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def reports(self) -> AsyncIterator[dict[str, Any]]:
        """What it says, until it ends: `{"ready": {...}}`, or `{"error": ..., "hint": ...}` before it exits."""
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        reading, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), self._process.stdout)
        with contextlib.closing(reading):
            async for line in lines:
                yield json.loads(line)

    async def ended(self) -> int:
        """Its exit code, once it has ended; negative: the signal that ended it."""
        return await asyncio.shield(self._ended)

    def signal(self, number: int) -> None:
        """Pass a signal on."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self) -> None:
        """Ask, wait, and then insist."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self.ended(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.ended()
        self._spawned.close()
