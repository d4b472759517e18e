"""Accepting: a listening socket, and the loop that takes connections off it. Serving one is somebody else's."""

import errno
import logging
import socket
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from typing import Any

from policies.http_request import RunClaim
from sinks.binding import written
from sinks.in_flight import InFlight, Work

LOG = logging.getLogger(__name__)
BACKLOG = 1024
AT_ONCE = 64
"""Connections taken in one turn of the loop, which others share."""
OUT_OF_FILES_PAUSE = 0.05
"""Seconds until the next try when the process has no free file descriptor: closing connections free some."""
OUT_OF_FILES = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
WAITING = "that cannot be accepted for want of file descriptors"


class Accepting:
    """Hands on each connection at once, without a task of its own, until it is stopped."""

    def __init__(
        self,
        loop: AbstractEventLoop,
        sock: socket.socket,
        take: Callable[[socket.socket, Any], None],
        in_flight: InFlight | None = None,
        claim: RunClaim | None = None,
        what: str = "a connection",
    ) -> None:
        """`sock` is bound and does not block. `take` is given a socket that does not block either, and the peer's name.
        `in_flight` is told while connections wait that cannot be accepted, as of whom `claim` says.

        Raises OSError, such as for a port in use.
        """
        # Every connection that is taken off it has this from it, without a call of its own.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.listen(BACKLOG)
        self._loop = loop
        self._sock = sock
        self._take = take
        self._in_flight = in_flight or InFlight()
        self._claim = claim
        self._what = what
        self._resuming: TimerHandle | None = None
        # Not `loop.sock_accept`: cancelled in the same turn as a connection comes, it drops that connection unclosed.
        loop.add_reader(sock, self._accept)

    @property
    def pauses(self) -> bool:
        """Whether connections wait that cannot be accepted."""
        return self._resuming is not None

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                sock, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._pause(error)
                return
            try:
                sock.setblocking(False)
                self._take(sock, peer)
            except Exception:
                LOG.exception("%s could not be served", self._what)
                lost = Work(self._what, written(peer[0]), self._in_flight.clock(), self._claim, told=True)
                self._in_flight.lose(sock, "Soundstage failed on it", lost)
                sock.close()

    def _pause(self, error: OSError) -> None:
        """A connection that was reset before it was accepted is no trouble; without file descriptors, wait for some."""
        if error.errno not in OUT_OF_FILES:
            return
        LOG.warning("%s could not be accepted: %s", self._what, error.strerror)
        if self._resuming is None:
            self._loop.remove_reader(self._sock)
            # What waits in the kernel is unfinished, whosever it is: nobody's run has come to rest meanwhile.
            self._in_flight.begin(self, f"{self._what} {WAITING}", "", claim=self._claim)
        self._resuming = self._loop.call_later(OUT_OF_FILES_PAUSE, self._resume)

    def _resume(self) -> None:
        before = self._resuming
        self._accept()
        if self._resuming is before:
            self._resuming = None
            self._in_flight.end(self)
            self._loop.add_reader(self._sock, self._accept)

    def stop(self) -> None:
        """Accept nothing more."""
        if self._resuming is not None:
            self._resuming.cancel()
            self._in_flight.end(self)
        self._loop.remove_reader(self._sock)
        self._sock.close()
