"""Peek: looking at a socket's first bytes without taking them: whichever engine serves it finds them untouched."""

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Literal

Ending = Literal["closed", "silent", "too_long"]
PRESSED_PAUSE = 0.005
"""Seconds: under memory pressure Linux calls a socket readable before SO_RCVLOWAT is reached; look again then."""


class PeekEnded(Exception):
    """The bytes looked for did not come."""

    def __init__(self, why: Ending, seen: bytes) -> None:
        super().__init__(f"the connection's first bytes ended: {why} after {len(seen)} octets")
        self.why = why
        self.seen = seen


async def peek_until[T](
    sock: socket.socket, enough: Callable[[bytes], T | None], *, limit: int, seconds: float
) -> tuple[T, bytes]:
    """What `enough` makes of the first bytes, once it makes something of them, and those bytes.

    The socket must not block. Raises PeekEnded when the client closes, is silent for too long in total, or has sent
    `limit` octets without it; what `enough` raises comes through.
    """
    peek = _Peek(sock, limit)
    ends_at = asyncio.get_running_loop().time() + seconds
    try:
        while True:
            if await peek.grew():
                found = enough(peek.seen)
                if found is not None:
                    return found, peek.seen
                peek.expect_more()
            await _readable_before(sock, ends_at)
    except TimeoutError:
        raise PeekEnded("silent", peek.seen) from None
    except OSError:
        raise PeekEnded("closed", peek.seen) from None
    finally:
        if peek.raised and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


class _Peek:
    """What has been seen of one socket so far."""

    def __init__(self, sock: socket.socket, limit: int) -> None:
        self._sock = sock
        self._limit = limit
        self.seen = b""
        self.raised = False
        """SO_RCVLOWAT is not what it was."""

    async def grew(self) -> bool:
        """Whether there is more than before. Raises PeekEnded where no more will come."""
        try:
            grown = self._sock.recv(self._limit, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        if len(grown) > len(self.seen):
            self.seen = grown
            return True
        if not grown or _ended(self._sock):
            raise PeekEnded("closed", self.seen)
        await asyncio.sleep(PRESSED_PAUSE)
        return False

    def expect_more(self) -> None:
        """Be woken by the next byte: the seen ones stay readable, and the loop would spin on them."""
        if len(self.seen) >= self._limit:
            raise PeekEnded("too_long", self.seen)
        self.raised = True
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(self.seen) + 1)


async def take(sock: socket.socket, size: int) -> None:
    """Take exactly so many octets that were seen off the socket: what follows them is another's to read."""
    loop = asyncio.get_running_loop()
    while size:
        taken = len(await loop.sock_recv(sock, size))
        if not taken:
            raise PeekEnded("closed", b"")
        size -= taken


async def readable(sock: socket.socket) -> None:
    """Return once the socket has bytes to read or has ended."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(sock, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


async def _readable_before(sock: socket.socket, ends_at: float) -> None:
    """The same, by a time on the loop's clock; TimeoutError. `asyncio.timeout` costs more than all else of a look."""
    loop = asyncio.get_running_loop()
    if loop.time() >= ends_at:
        raise TimeoutError
    ready: asyncio.Future[None] = loop.create_future()
    timer = loop.call_at(ends_at, _late, ready)
    loop.add_reader(sock, _wake, ready)
    try:
        await ready
    finally:
        timer.cancel()
        loop.remove_reader(sock)


def _late(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_exception(TimeoutError())


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _ended(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLRDHUP)
    return any(event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))
