"""Both sides of a TLS connection of the door's: a client to be cut below TLS, and a protocol that remembers."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

from proxy.ca import CertificateAuthority
from proxy.door_limits import DoorLimits
from proxy.door_tls import TlsTransport

NAME = "api.example.com"


class TlsClient:
    """One connection: TLS worked out in memory, and a plain stream under it."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, session: ssl.SSLSession | None = None, segment: int = 65_536
    ) -> None:
        """`segment`: octets that are sent at once."""
        self._sock = sock
        self._segment = segment
        self._loop = asyncio.get_running_loop()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=NAME, session=session)

    async def handshake(self) -> None:
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                self.tls.do_handshake()
                break
            await self.flush()
            await self.more()
        await self.flush()

    async def say(self, data: bytes, records: int = 1) -> None:
        """Send, cut into so many records."""
        size = -(-len(data) // records)
        for at in range(0, len(data), size):
            rest = memoryview(data)[at : at + size]
            while rest:
                rest = rest[self.tls.write(rest) :]
        await self.flush()

    async def hear(self, most: int = 16_384) -> bytes:
        """What comes next; nothing at the end of TLS. Raises ConnectionResetError at any other end."""
        while True:
            try:
                return self.tls.read(most)
            except ssl.SSLZeroReturnError:  # as `ssl` says it once our own end was said
                return b""
            except ssl.SSLWantReadError:
                await self.more()

    async def say_end(self) -> None:
        """End TLS, the connection below it stays."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        await self.flush()

    def record(self, data: bytes) -> bytes:
        """A record that the caller sends."""
        self.tls.write(data)
        return self._outgoing.read()

    async def say_raw(self, data: bytes) -> None:
        """Octets below TLS."""
        await self._loop.sock_sendall(self._sock, data)

    async def flush(self) -> None:
        """Send what TLS has made."""
        data = self._outgoing.read()
        for at in range(0, len(data), self._segment):
            await self._loop.sock_sendall(self._sock, data[at : at + self._segment])
            if self._segment == 1:
                await asyncio.sleep(0)

    async def more(self) -> None:
        """Wait for octets below TLS."""
        data = await self._loop.sock_recv(self._sock, 65_536)
        if not data:
            raise ConnectionResetError("the server ended the connection below TLS")
        self._incoming.write(data)


class Reserved(ssl.SSLObject):
    """As `ssl`'s may be in another version of Python: what it hands each call on to is not where it is now."""

    @property
    def _sslobj(self) -> Any:
        return self._elsewhere

    @_sslobj.setter
    def _sslobj(self, records: Any) -> None:
        self._elsewhere = records


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection over loopback, neither of which blocks."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        server, _ = listening.accept()
    for sock in (client, server):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client, server


@contextlib.asynccontextmanager
async def within(seconds: float = 60.0) -> AsyncIterator[None]:
    """A bound for what must come."""
    async with asyncio.timeout(seconds):
        yield


class Remembers(asyncio.Protocol):
    """What the transport told, in order; data as one piece."""

    def __init__(self, on_data: Callable[["Remembers", bytes], None] = lambda _self, _data: None) -> None:
        self.read = bytearray()
        self.told: list[str] = []
        self.error: BaseException | None = None
        self.lost = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self._grew = asyncio.Event()
        self.transport: asyncio.Transport
        self._on_data = on_data

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.told.append("made")

    def data_received(self, data: bytes) -> None:
        self.read += data
        self._grew.set()
        self._on_data(self, data)

    def eof_received(self) -> None:
        self.told.append("end")

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")
        self.error = exc
        self.lost.set()

    async def has(self, octets: int) -> bytes:
        """What was read, once it is so many octets."""
        async with within():
            while len(self.read) < octets:
                self._grew.clear()
                await self._grew.wait()
        return bytes(self.read)


class Side:
    """A client and what serves it."""

    def __init__(self, ca: CertificateAuthority, protocol: Remembers, **options: Any) -> None:
        """`options`: `limits`, `version` of TLS, `tls` (the server's class of it), and what a `TlsClient` takes."""
        limits = options.pop("limits", None) or DoorLimits()
        self.ours, theirs = pair()
        version = options.pop("version", None)
        serving, tls = ca.context_for(NAME), options.pop("tls", ssl.SSLObject)
        context = options.pop("context", None) or ssl.create_default_context(cafile=str(ca.path))
        if version is not None:
            context.maximum_version = version
        self.client = TlsClient(self.ours, context, **options)
        self.protocol = protocol
        self.server_socket = theirs
        serving.sslobject_class = tls
        self.transport = TlsTransport(theirs, serving, protocol, limits)

    async def begin(self) -> "Side":
        async with within(), asyncio.TaskGroup() as tasks:
            tasks.create_task(self.transport.handshake())
            tasks.create_task(self.client.handshake())
        return self


@contextlib.asynccontextmanager
async def sides_of(ca: CertificateAuthority, **usual: Any) -> AsyncIterator[Callable[..., Side]]:
    """Makes connections, and at the end sees that nothing of them is left. `usual`: options of them all."""
    made: list[Side] = []

    def make(protocol: Remembers | None = None, **options: Any) -> Side:
        made.append(Side(ca, protocol or Remembers(), **usual, **options))
        return made[-1]

    yield make
    for side in made:
        side.transport.abort()
        side.ours.close()
        if side.protocol.told:
            async with within():
                await side.protocol.lost.wait()
        assert side.server_socket.fileno() == -1


Sides = Callable[..., Side]


def echo(protocol: Remembers, data: bytes) -> None:
    """Answers with what was said."""
    protocol.transport.write(data)
