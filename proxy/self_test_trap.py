"""What the self-test aims at: a trap that must stay empty, and a witness that shows how an arrival looks."""

import asyncio
import contextlib
import socket


class Trap:
    """A bare listening socket: the kernel takes a connection the moment it is made, whoever reads it later."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def caught(self) -> list[bytes]:
        """What has come since the last call: of each connection the bytes that are there."""
        came = []
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    connection.setblocking(False)
                    came.append(_there(connection))
        return came

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def _there(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


class Witness:
    """A server that takes one request a connection, remembers it and answers 204."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()
