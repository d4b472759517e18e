"""What a supervised process does first and last: reads its orders, reports, and ends when told to or orphaned."""

import asyncio
import ctypes
import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TextIO

from soundstage.trouble import SoundstageError

PR_SET_PDEATHSIG = 1
"""prctl(2), Linux: the signal this process gets when its parent dies."""


class ChildSide:
    """The order, the way to report, and the events that say go on and stop."""

    def __init__(self, order: dict[str, Any], reports: TextIO) -> None:
        self.order = order
        self._reports = reports
        self.go = asyncio.Event()
        """Set by a second order, for whoever waits for one, and with `stop`."""
        self.stop = asyncio.Event()

    def report(self, report: dict[str, Any]) -> None:
        """One JSON line to the supervisor."""
        self._reports.write(json.dumps(report) + "\n")
        self._reports.flush()

    async def watch(self) -> None:
        """Set `stop` on SIGTERM and when the supervisor is gone. Ctrl-C reaches all: the supervisor decides."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.end)
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        orders = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        while await orders.readline():
            self.go.set()
        self.end()

    def end(self) -> None:
        """Nobody waits any longer."""
        self.stop.set()
        self.go.set()


Work = Callable[[ChildSide], Awaitable[None]]


def run_child(name: str, work: Work) -> int:
    """Run `work` on the order from stdin until it returns. Errors of the operator are reported, not raised."""
    logging.basicConfig(level=logging.WARNING, format=f"soundstage {name}: %(levelname)s: %(message)s")
    reports = _private_stdout()
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as orders:
        line = orders.readline()  # octet by octet: what follows is left to the loop
    if not line:
        return 0
    try:
        asyncio.run(_work(ChildSide(json.loads(line), reports), work))
    except SoundstageError as trouble:
        reports.write(json.dumps({"error": str(trouble), "hint": trouble.hint}) + "\n")
        reports.flush()
        return 2
    finally:
        gc.freeze()  # everything is closed: without it, the interpreter walks all that was imported once more to end
    return 0


async def _work(side: ChildSide, work: Work) -> None:
    watching = asyncio.ensure_future(side.watch())
    try:
        await work(side)
    finally:
        watching.cancel()


def _private_stdout() -> TextIO:
    """Keep stdout for reports alone: whatever a library prints goes to stderr."""
    kept = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return kept


def die_with_parent() -> None:
    """The very first: importing what a process needs takes a second, in which somebody may press Ctrl-C."""
    # Until the loop runs: the supervisor decides what Ctrl-C means, and an early reload is no reason to end.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
