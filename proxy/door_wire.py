"""The wire: one client's connection as bytes in and out, with its deadlines. HTTP is read elsewhere."""

import asyncio
import math
import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from proxy.door_limits import DoorLimits


class Wire(asyncio.Protocol):
    """Collects bytes, and runs `serve` on anything new (bytes, an end, a deadline) while no run is going."""

    def __init__(
        self, serve: Callable[[], Coroutine[Any, Any, None]], limits: DoorLimits, first_seconds: float | None = None
    ) -> None:
        """`first_seconds`: until the first byte, where that is not as long as between two requests."""
        self._serve = serve
        self._limits = limits
        self._first_seconds = limits.idle_seconds if first_seconds is None else first_seconds
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._drain: asyncio.Future[None] | None = None
        self.deadline = math.inf
        """On the loop's clock; `math.inf`: nothing need happen. `expect` sets it to some seconds from now."""
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = math.inf
        self._discarding = False
        self.paused = False
        """What comes is left in the kernel until somebody waits for `more` or the wire may `rest`."""
        self._tls = False
        self.buffer = bytearray()
        self.ended = False
        """No more bytes will come."""
        self.lost = False
        """Nothing can be written any more either."""
        self.late = False
        """The deadline passed."""
        self.closing = False
        """We end it: what still comes is not read."""
        self.finished: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection is gone and nothing is being judged any more."""

    @property
    def transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise RuntimeError("the wire has no connection yet")
        return self._transport

    @property
    def now(self) -> float:
        """Seconds on the loop's clock."""
        return self._loop.time()

    @property
    def busy(self) -> bool:
        """Something is being judged or read."""
        return self._task is not None and not self._task.done()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"{type(transport).__name__} is not a stream")
        self._transport = transport
        self._tls = transport.get_extra_info("ssl_object") is not None
        self.expect(self._first_seconds)

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            return
        self.buffer += data
        if self._waiter is not None:
            _wake(self._waiter)
        elif self._task is None or self._task.done():
            self._task = asyncio.Task(self._serve(), loop=self._loop, eager_start=True)
        elif len(self.buffer) > self._limits.ahead_octets:
            self.paused = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        self.ended = True
        self._stir()
        # A client may close its half and still read; TLS has no such half.
        return not self._tls and not self.closing

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = self.lost = True
        if self._timer is not None:
            self._timer.cancel()
        for waiting in (self._waiter, self._drain):
            _wake(waiting)
        self._stir()
        if self._task is None or self._task.done():
            self._finish()
        else:
            self._task.add_done_callback(self._finish)

    def _finish(self, _task: object = None) -> None:
        """Let go of whoever knows the wire: each would keep the other until the garbage collector comes by."""
        self._transport = self._task = None
        self._serve = _nobody
        _wake(self.finished)

    def pause_writing(self) -> None:
        self._drain = self._loop.create_future()

    def resume_writing(self) -> None:
        _wake(self._drain)
        self._drain = None

    def _stir(self) -> None:
        """Let the reader know, or start one."""
        if self._waiter is not None:
            _wake(self._waiter)
        elif not self.busy:
            # Begun at once and often done at once: an answer that waits for nothing costs no turn of the loop.
            self._task = asyncio.Task(self._serve(), loop=self._loop, eager_start=True)

    def expect(self, seconds: float) -> None:
        """Something must happen within these seconds."""
        self.deadline = self._loop.time() + seconds
        if self._timer is not None:
            if self._rings_at <= self.deadline:
                return
            self._timer.cancel()
        self._ring()

    def _ring(self) -> None:
        self._rings_at = self.deadline
        self._timer = self._loop.call_at(self.deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._loop.time() < self.deadline:
            if self.deadline is not math.inf:
                self._ring()
        elif self._discarding:
            self.abort()
        elif self._drain is not None:
            # It takes no answer and is cut off; what it had asked before that is judged and recorded all the same.
            self.transport.abort()
        else:
            self.late = True
            self._stir()

    async def more(self, seconds: float) -> None:
        """Wait for further bytes, the end, or this many seconds, whichever is first."""
        if self.paused:
            self.paused = False
            self.transport.resume_reading()
        if self.ended:
            return
        self.expect(seconds)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
            self.deadline = math.inf

    def rest(self) -> None:
        """All that could be done is done: read on."""
        if self.paused:
            self.paused = False
            self.transport.resume_reading()

    def send(self, data: bytes) -> bool:
        """Send. True: the client does not take it all now; wait until it is `drained`."""
        transport = self._transport
        if transport is None or (not self._tls and transport.is_closing()):
            return False
        transport.write(data)  # which ours for TLS ignores while it is closing
        return self._drain is not None and not transport.is_closing()

    async def write(self, data: bytes) -> None:
        """Send, and wait while the client does not take it."""
        if self.send(data):
            await self.drained()

    async def flush(self) -> None:
        """Wait until all that was written is on its way."""
        self.transport.set_write_buffer_limits(0)
        await self.drained()

    async def drained(self) -> None:
        """Wait until the client has taken what was sent. Who does not in time is cut off."""
        if self._drain is not None:
            self.expect(self._limits.write_seconds)
            await self._drain
            self.deadline = math.inf

    def detach(self) -> socket.socket:
        """The connection itself, for another to serve; this wire is over."""
        known = self.transport.get_extra_info("socket")
        sock = socket.socket(fileno=os.dup(known.fileno()))
        sock.setblocking(False)
        self.abort()
        return sock

    def close(self) -> None:
        """Close after what was written has been sent."""
        self.closing = True
        self.transport.close()

    def abort(self) -> None:
        """Close now."""
        self.closing = True
        if self._transport is None:
            self._finish()
        else:
            self._transport.abort()

    def linger(self) -> None:
        """Throw away what still comes, and close soon."""
        self.closing = True
        self.buffer.clear()
        if self.ended or self.late or self.transport.is_closing():
            self.transport.close()
            return
        self._discarding = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.expect(self._limits.linger_seconds)


async def _nobody() -> None:
    """Serves a wire that is over."""


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
