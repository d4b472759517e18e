"""Child: one supervised process, from outside: started with an order, heard through its reports, stopped in time."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 4.0
"""How long a child may take to stop by itself; all of Soundstage has stopped within five seconds."""


def process_of(name: str) -> list[str]:
    """The command of one of our own processes."""
    # -P: rooms have plain names, and a folder of the same name in the operator's directory must not be imported.
    return [sys.executable, "-P", "-m", "soundstage", f"_{name}"]


class Child:
    """`python -m soundstage _<name>`. It reads one order, a JSON line, from stdin; the end of it: its parent died."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, argv: Sequence[str], pass_fds: tuple[int, ...] = ()) -> "Child":
        """Start it; it imports what it needs and waits for its order."""
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=pass_fds,
            env=environment(os.environ),
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def order(self, order: Mapping[str, Any]) -> None:
        """Say what to do. A child that has died already says why by its end."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for as a pipe
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            await self._process.stdin.drain()

    async def reports(self) -> AsyncIterator[dict[str, Any]]:
        """What it says, until it ends: `{"ready": {...}}`, or `{"error": ..., "hint": ...}` before it exits."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        async for line in self._process.stdout:
            yield json.loads(line)

    async def ended(self) -> int:
        """Its exit code, once it has ended; negative: the signal that ended it."""
        return await self._process.wait()

    def signal(self, number: int) -> None:
        """Pass a signal on."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self) -> None:
        """Ask, wait, and then insist."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a child sees: no settings (they come with the order), no proxy, this checkout first on the path."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("SOUNDSTAGE_") and not name.lower().endswith("_proxy")
    }
    kept["PYTHONPATH"] = os.pathsep.join([str(PROJECT), *filter(None, [environ.get("PYTHONPATH")])])
    return kept
