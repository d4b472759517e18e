"""A mail server of the outside world for relay tests: answers as it is told and logs every line it was sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class RelayServer:
    """`replies` maps a verb (or `greeting`, `message`) to its reply; `None` closes the connection instead."""

    replies: dict[str, str | None] = field(default_factory=dict)
    offers: tuple[str, ...] = ("SIZE 1000000", "8BITMIME", "DSN", "SMTPUTF8")
    tls: ssl.SSLContext | None = None
    dies_after: int | None = None
    """Octets of message data after which the connection is cut."""
    lines: list[str] = field(default_factory=list)
    data: bytes = b""
    connections: int = 0
    secured: bool = False
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if await self._say(writer, self.replies.get("greeting", "220 relay.test")):
                while await self._exchange(reader, writer):
                    pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = (await reader.readline()).decode().rstrip("\r\n")
        if not line:
            return False
        self.lines.append(line)
        verb = line.partition(" ")[0].upper()
        reply = self.replies.get(line, self.replies.get(verb, self._default(verb)))
        if not await self._say(writer, reply):
            return False
        if reply is not None and reply.startswith("354"):
            return await self._message(reader, writer)
        if verb == "STARTTLS" and self.tls is not None and reply is not None and reply.startswith("220"):
            await writer.start_tls(self.tls)
            self.secured = True
        return verb != "QUIT"

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        while not self.data.endswith(b"\r\n.\r\n") and self.data != b".\r\n":
            self.data += await reader.readexactly(1) if self.dies_after is not None else await reader.read(65536)
            if reader.at_eof():
                return False
            if self.dies_after is not None and len(self.data) >= self.dies_after:
                writer.transport.abort()
                return False
        return await self._say(writer, self.replies.get("message", "250 2.0.0 taken as 77"))

    def _default(self, verb: str) -> str:
        if verb == "EHLO":
            offers = ("relay.test", *self.offers, *(("STARTTLS",) if self.tls and not self.secured else ()))
            return "\r\n".join([*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"])
        return {"DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 ready"}.get(verb, "250 ok")

    async def _say(self, writer: asyncio.StreamWriter, reply: str | None) -> bool:
        if reply is None:
            writer.transport.abort()
            return False
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
        return True


@asynccontextmanager
async def relay_server(server: RelayServer, *, implicit_tls: bool = False) -> AsyncIterator[RelayServer]:
    """It, listening on loopback."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=server.tls if implicit_tls else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
