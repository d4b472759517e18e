"""Own ends: the local addresses of connections that the house itself has opened, for as long as these are open.

A rule that redirects the gateway's own connections back to it would make one request an endless row of them.
"""

import asyncio
import socket
import weakref

SockAddr = tuple[str, int]


class OwnEnds:
    """Known before the other side can have accepted: whoever accepts one of these connections can ask."""

    def __init__(self) -> None:
        self._ends: weakref.WeakValueDictionary[SockAddr, socket.socket] = weakref.WeakValueDictionary()

    async def connect(self, sock: socket.socket, address: SockAddr) -> None:
        """Connect a socket that does not block, and know its end from the moment it has one. Raises OSError."""
        connecting = asyncio.ensure_future(asyncio.get_running_loop().sock_connect(sock, address))
        try:
            # After one turn the kernel has been asked, and has given the socket its address and port. What it accepts
            # meanwhile is looked at in the next turn.
            await asyncio.sleep(0)
            if sock.fileno() >= 0:
                self._ends[sock.getsockname()[:2]] = sock
            await connecting
        finally:
            connecting.cancel()
            # Only then may the caller close the socket: the loop must have let go of its number before it is reused.
            await asyncio.gather(connecting, return_exceptions=True)

    def __contains__(self, end: object) -> bool:
        sock = self._ends.get(end) if isinstance(end, tuple) else None
        return sock is not None and sock.fileno() >= 0
