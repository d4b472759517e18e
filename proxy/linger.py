"""Linger: how a refusal's last words get through to a client that is still sending."""

import asyncio
import contextlib
import socket

LINGER_SECONDS = 1.0


async def linger(sock: socket.socket) -> None:
    """Read what still comes, for a moment: closed on unread bytes, the connection is reset and the refusal lost."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, TimeoutError):
        sock.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(LINGER_SECONDS):
            while await loop.sock_recv(sock, 65_536):
                pass
