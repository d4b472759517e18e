"""Waiting: a write on its way to the disk, and the task that goes on once it is there."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any

from ledger.batch import Write


class Waiting(asyncio.Future[None]):
    """Awaited by the one task whose write it is, which `settle` runs at once.

    A future of asyncio's own asks the loop for a further turn for each that waits: a handle, made, queued and run, ten
    calls of each request.
    """

    write: Write
    _go_on: Callable[[Any], object] | None = None
    _context: Context

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        """Of the task that awaits this; any other's is called by the loop, as of any future."""
        if context is None or self._go_on is not None or self.done():
            super().add_done_callback(fn, context=context)
        else:
            self._go_on, self._context = fn, context

    def cancel(self, msg: Any | None = None) -> bool:
        """The task that waits is cancelled, which the loop tells it."""
        cancelled = super().cancel(msg)
        if cancelled and self._go_on is not None:
            self.get_loop().call_soon(self._go_on, self, context=self._context)
        return cancelled

    def settle(self, error: BaseException | None) -> None:
        """It is on the disk, or will never be there. Returns when the task waits for something else, or has ended."""
        if self.done():
            return  # whoever waited has gone away
        if error is None:
            self.set_result(None)
        else:
            self.set_exception(error)
        if self._go_on is not None:
            self._context.run(self._go_on, self)
