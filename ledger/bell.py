"""Bell: how another thread has the loop do something soon."""

import asyncio
import os
from collections.abc import Callable

_HAS_DESCRIPTORS = hasattr(os, "eventfd")


class Bell:
    """Rung from any thread, answered by the loop; several rings may be answered as one.

    `call_soon_threadsafe` writes to a socket, and the loop reads that until there is no more: an event descriptor takes
    one short call on each side. Where the system has none, it is asyncio's way.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, answer: Callable[[], None], *, by_descriptor: bool = _HAS_DESCRIPTORS
    ) -> None:
        """From within the loop's thread."""
        self._loop = loop
        self._answer = answer
        self._descriptor: int | None = None
        if by_descriptor:
            self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            loop.add_reader(self._descriptor, self._heard, self._descriptor)

    def ring(self) -> None:
        """Not after `close`."""
        if self._descriptor is None:
            self._loop.call_soon_threadsafe(self._answer)
        else:
            os.eventfd_write(self._descriptor, 1)

    def close(self) -> None:
        """From within the loop's thread, when nobody rings any more. What was rung for is answered in the next turn."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._loop.call_soon(self._answer)

    def _heard(self, descriptor: int) -> None:
        os.eventfd_read(descriptor)
        self._answer()
