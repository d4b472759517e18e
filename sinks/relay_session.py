"""RelaySession: our side of the conversation with the server an opted-in mail is relayed to (RFC 5321).

Bytes and replies only. What a reply means for the mail is judged in `relay`.
"""

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

REPLY_OCTETS = 65536
STEP_SECONDS = 60.0
END_SECONDS = 600.0
"""RFC 5321, section 4.5.3.2.6: after the final dot a server may take its time, and to give up early sends twice."""


class RelayGone(Exception):
    """The server broke off, was silent for too long, or spoke something else than SMTP."""


@dataclass(frozen=True, slots=True)
class RelayReply:
    """A server's reply; `text` has its lines without their codes."""

    code: int
    text: str

    @property
    def good(self) -> bool:
        return 200 <= self.code < 300


class RelaySession:
    """One open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._buffer = b""
        self.offers: dict[str, str] = {}
        """EHLO keywords, upper-case, with their parameters."""
        self.named = False
        """Its envelope has been, or is about to be, told to the server."""
        self.sent = False
        """Bytes of the message have been handed to the network: from here on it may have left."""

    async def reply(self, seconds: float = STEP_SECONDS) -> RelayReply:
        """The next whole reply. Raises RelayGone."""
        lines: list[str] = []
        size = 0
        while True:
            line = await self._line(seconds)
            size += len(line)
            code, mark = line[:3], line[3:4]
            if not (code.isdigit() and mark in (b"", b" ", b"-")) or size > REPLY_OCTETS:
                raise RelayGone(f"it answered what is no SMTP reply: {line[:60]!r}")
            lines.append(line[4:].decode("utf-8", "replace").strip())
            if mark != b"-":
                return RelayReply(int(code), "\n".join(lines))

    async def command(self, line: str, seconds: float = STEP_SECONDS) -> RelayReply:
        """Say one line, hear its reply. Raises RelayGone."""
        if not line.isprintable():
            raise ValueError(f"a command with a control character is never sent: {line!r}")
        self._writer.write(line.encode() + b"\r\n")
        return await self.reply(seconds)

    async def hello(self, hostname: str) -> RelayReply:
        """EHLO, or HELO where that is refused. Learns what is offered."""
        reply = await self.command(f"EHLO {hostname}")
        if reply.good:
            words = (line.partition(" ") for line in reply.text.split("\n")[1:])
            self.offers = {keyword.upper(): parameters for keyword, _, parameters in words}
            return reply
        self.offers = {}
        return await self.command(f"HELO {hostname}")

    async def secure(self, context: ssl.SSLContext, hostname: str) -> None:
        """Begin TLS after a 220 to STARTTLS. Raises RelayGone."""
        if self._buffer:
            raise RelayGone("it sent bytes in the clear after its reply to STARTTLS")
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await self._writer.start_tls(context, server_hostname=hostname)
        except (OSError, TimeoutError) as error:
            raise RelayGone(f"TLS with it failed: {error}") from error

    async def message(self, chunks: Iterable[bytes]) -> RelayReply:
        """Send a message, dots stuffed, and hear what becomes of it. `chunks` end lines with CRLF alone."""
        self.sent = True
        try:
            async with asyncio.timeout(END_SECONDS):
                for chunk in stuffed(chunks):
                    self._writer.write(chunk)
                    await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise RelayGone(f"it broke off while the message was sent: {error}") from error
        return await self.reply(END_SECONDS)

    async def close(self, *, politely: bool) -> None:
        """End the connection. Never raises for what the other side does."""
        with suppress(OSError, TimeoutError, RelayGone):
            if politely:
                await self.command("QUIT", 2.0)
            self._writer.close()
            async with asyncio.timeout(2.0):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    async def _line(self, seconds: float) -> bytes:
        while b"\n" not in self._buffer:
            try:
                async with asyncio.timeout(seconds):
                    chunk = await self._reader.read(4096)
            except TimeoutError:
                raise RelayGone(f"it was silent for {seconds:g} s") from None
            except OSError as error:
                raise RelayGone(f"the connection broke: {error}") from error
            if not chunk:
                raise RelayGone("it closed the connection")
            self._buffer += chunk
            if len(self._buffer) > REPLY_OCTETS:
                raise RelayGone("it answered without an end")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")


def stuffed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The octets after DATA: a dot before each line's own dot, and the end."""
    tail = b"\r\n"
    """The last octets sent, at most two: a dot at a chunk's beginning may begin a line."""
    for chunk in chunks:
        if not chunk:
            continue
        joined = (tail + chunk).replace(b"\r\n.", b"\r\n..")
        yield joined[len(tail) :]
        tail = (tail + chunk)[-2:]
    yield b".\r\n" if tail == b"\r\n" else b"\r\n.\r\n"
