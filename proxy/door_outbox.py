"""Outbox: octets on their way into a socket that may not take them all at once. What they say is nobody's here."""

import asyncio
import socket
from collections.abc import Callable


class Outbox:
    """Belongs to one socket that does not block."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        full: Callable[[], None],
        sent: Callable[[], None],
        lost: Callable[[OSError], None],
    ) -> None:
        """`full`: the rest has to wait; `sent`: the rest is sent; `lost`: nothing can be sent any more."""
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._full, self._sent, self._lost = full, sent, lost
        self._rest = bytearray()

    @property
    def waiting(self) -> int:
        """Octets that the socket has not taken yet."""
        return len(self._rest)

    def send(self, data: bytes, flags: int = 0) -> None:
        """Send, after what could not be sent before. `flags`: of send(2)."""
        if self._rest:
            self._rest += data
            return
        try:
            sent = self._sock.send(data, flags)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._lost(error)
            return
        if sent < len(data):
            self._rest += memoryview(data)[sent:]
            self._loop.add_writer(self._sock, self._writable)
            self._full()

    def _writable(self) -> None:
        try:
            sent = self._sock.send(self._rest)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error)
            return
        del self._rest[:sent]
        if not self._rest:
            self._loop.remove_writer(self._sock)
            self._sent()

    def drop(self) -> None:
        """Send nothing more; the socket is about to be closed."""
        self._rest.clear()
        self._loop.remove_writer(self._sock)
        # Whoever is told knows the outbox, and each would keep the other until the garbage collector comes by.
        self._full = self._sent = _nothing
        self._lost = _nothing_of


def _nothing() -> None:
    """Nobody is told any more."""


def _nothing_of(_error: OSError) -> None:
    """Nor of this."""
