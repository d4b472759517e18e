"""A TCP connection inside a WireGuard tunnel, made a socket: entrances look at sockets before they take from them."""

import asyncio
import contextlib
import socket

from mitmproxy_rs import Stream

from proxy.transparent_destination import Place, plain_address

PIECE = 65_536
CLOSING_SECONDS = 2.0
"""For what was written last to get into the tunnel."""


def ends_of(stream: Stream) -> tuple[Place, Place]:
    """The client's own address in the tunnel, and where it meant to go: the tunnel ends here, whatever that is."""
    source, meant = stream.get_extra_info("peername"), stream.get_extra_info("sockname")
    return (plain_address(source[0]), source[1]), (plain_address(meant[0]), meant[1])


class Bridge:
    """Carries octets between a stream and one end of a socket pair, whose other end is `sock`."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._ours, self.sock = socket.socketpair()
        for end in (self._ours, self.sock):
            end.setblocking(False)
        loop = asyncio.get_running_loop()
        self._up = asyncio.Task(self._carry_up(), loop=loop)
        self._down = asyncio.Task(self._carry_down(), loop=loop)

    async def close(self) -> None:
        """Close `sock`, let through what was written to it, and end the connection. Nothing is raised."""
        self.sock.close()
        await asyncio.wait({self._down}, timeout=CLOSING_SECONDS)
        for task in (self._up, self._down):
            task.cancel()
        await asyncio.gather(self._up, self._down, return_exceptions=True)
        self._ours.close()
        with contextlib.suppress(OSError):
            self._stream.close()  # type: ignore[no-untyped-call]  # mitmproxy_rs gives it no types

    async def _carry_up(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await self._stream.read(PIECE):
                await loop.sock_sendall(self._ours, data)
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_WR)

    async def _carry_down(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await loop.sock_recv(self._ours, PIECE):
                self._stream.write(data)
                await self._stream.drain()
            self._stream.write_eof()  # type: ignore[no-untyped-call]  # the same
