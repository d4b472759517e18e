"""Accept: listening sockets, and each connection taken off one in a task. Serving it is an entrance's."""

import asyncio
import errno
import itertools
import logging
import select
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from policies.http_request import RunClaim
from sinks.accepting import BACKLOG, OUT_OF_FILES, Accepting
from sinks.binding import bound_socket, written
from sinks.in_flight import InFlight, Work

_numbers = itertools.count(1)
_log = logging.getLogger(__name__)
RUN_OUT_LOOK = 0.05
"""Seconds between two looks whether more has come."""
OURS = OUT_OF_FILES | {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
"""What the machine is short of, and not what the client did."""


class PortInUse(Exception):
    """A listener cannot have its address and port: the operator must act."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The client's end of a connection."""

    id: str
    """Of the connection, unlike any other of this process."""
    address: str
    port: int


Entrance = Callable[[socket.socket, Peer], Awaitable[None]]
"""Serves one accepted connection, whose socket does not block, and closes it."""


def listening_socket(bind: str, port: int) -> socket.socket:
    """A bound, listening, non-blocking TCP socket. Raises PortInUse."""
    try:
        sock = bound_socket(bind, port)
    except OSError as error:
        raise PortInUse(_why_not(bind, port, error)) from error
    try:
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise PortInUse(_why_not(bind, port, error)) from error
    return sock


def _why_not(bind: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{bind}:{port} is in use by another program."
    if error.errno == errno.EACCES:
        return f"{bind}:{port} may not be bound without the privilege to use ports below 1024."
    return f"{bind}:{port} cannot be bound: {error.strerror}."


class AcceptLoop:
    """Takes connections off one socket, each served in a task of its own, until it is stopped."""

    def __init__(
        self,
        sock: socket.socket,
        entrance: Entrance,
        in_flight: InFlight | None = None,
        claim: RunClaim | None = None,
    ) -> None:
        """`claim`: whose a connection is while it has not said so itself."""
        self._sock = sock
        self._entrance = entrance
        self._claim = claim
        self._in_flight = in_flight or InFlight()
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._gave_up = False
        """What is served still, nobody will have seen to its end."""
        self._accepting = Accepting(self._loop, sock, self._take, self._in_flight, claim)

    @property
    def open_connections(self) -> int:
        """How many are being served now."""
        return len(self._serving)

    def _take(self, sock: socket.socket, address: Any) -> None:
        task = asyncio.Task(self._serve(sock, _peer(address)), loop=self._loop)
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, sock: socket.socket, peer: Peer) -> None:
        work = self._in_flight.begin(peer.id, "a connection that has been accepted", peer.address, claim=self._claim)
        work.idle = lambda: _is_silent(sock)
        try:
            await self._entrance(sock, peer)
        except asyncio.CancelledError:
            if self._gave_up:
                self._in_flight.lose(peer.id, "its network was gone before it was read to its end", work)
            raise
        except Exception as bug:
            _log.exception("a connection of %s ended in a bug; nothing left", peer.address)
            if not isinstance(bug, OSError) or bug.errno in OURS:  # else a client that went away, after it was recorded
                self._in_flight.lose(peer.id, "Soundstage failed on it", work)
        finally:
            self._in_flight.end(peer.id)
            sock.close()

    async def run_out(self, seconds: float) -> None:
        """Serve what has come, of clients that are gone, to its end; what is not served by then is told of as lost."""
        until = self._loop.time() + seconds
        while (self._serving or _is_readable(self._sock)) and self._loop.time() < until:
            if self._serving:
                await asyncio.wait(set(self._serving), timeout=RUN_OUT_LOOK)
            else:
                await asyncio.sleep(RUN_OUT_LOOK if self._accepting.pauses else 0)
        self._gave_up = True
        if _is_readable(self._sock):
            work = Work("a connection", "", self._in_flight.clock(), self._claim, told=True)
            self._in_flight.lose(self, "its network was gone before it was accepted", work)

    async def stop(self) -> None:
        """Accept nothing more, and end what is being served; what is being judged is still recorded."""
        self._accepting.stop()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(set(self._serving))


def _is_readable(sock: socket.socket) -> bool:
    """Of a listening socket: whether a connection waits to be accepted."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _is_silent(sock: socket.socket) -> bool:
    """Whether the client has sent nothing that nobody has read yet."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EWOULDBLOCK)
    return False


def _peer(address: tuple[str, int] | tuple[str, int, int, int]) -> Peer:
    return Peer(f"connection-{next(_numbers)}", written(address[0]), address[1])
