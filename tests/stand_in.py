"""StandIn: the internet as the tests know it. Servers on loopback addresses that log each connection and every byte.

What a test may say about "nothing left" it says by this log, never by what a client was told.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import wsproto
import wsproto.events

from proxy.ca import CertificateAuthority
from sinks.resolver import NameNotFound

LOOPBACK = ("127.0.0.0/8",)
"""What an opt-in's `addresses` must say for the stand-in to be reached."""
FIRST = "127.0.2.1"

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Arrival:
    """One connection that reached the stand-in."""

    address: str
    port: int
    peer: tuple[str, int]
    """Who connected."""
    received: bytearray = field(default_factory=bytearray)
    """Every byte the client sent, after TLS where there was any."""
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Place:
    """One listening server."""

    address: str
    port: int
    arrivals: list[Arrival] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    """Of HTTP servers: each whole request, head and decoded body; of HTTP/2, `METHOD authority path` and the body."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def received(self) -> bytes:
        """All bytes of all connections."""
        return b"".join(bytes(arrival.received) for arrival in self.arrivals)


class Names:
    """A resolver the test controls. A list of tuples answers one after the other, as a rebinding name does."""

    def __init__(self) -> None:
        self._answers: dict[str, list[tuple[str, ...]]] = {}
        self.asked: list[str] = []

    def set(self, host: str, *answers: tuple[str, ...]) -> None:
        """`host` resolves to each of these in turn, and to the last one from then on."""
        self._answers[host] = list(answers)

    async def addresses(self, host: str) -> tuple[str, ...]:
        """As sinks.resolver.Resolver."""
        self.asked.append(host)
        answers = self._answers.get(host)
        if not answers:
            raise NameNotFound(f"the name {host} has no address in this test")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class StandIn:
    """Servers by kind, all stopped at the end. Certificates come from an authority of its own."""

    def __init__(self, folder: Path) -> None:
        self.names = Names()
        folder.mkdir(parents=True, exist_ok=True)
        self.ca = CertificateAuthority.open(folder)
        self.places: list[Place] = []
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def arrivals(self) -> list[Arrival]:
        """Every connection anywhere."""
        return [arrival for place in self.places for arrival in place.arrivals]

    def context(self, name: str, *alpn: str) -> ssl.SSLContext:
        """A server's TLS context for a name."""
        context = self.ca.context_for(name) if not alpn else _fresh_context(self.ca, name)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    async def listen(
        self,
        conversation: Callable[[Place, Arrival], Conversation],
        *,
        address: str = FIRST,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> Place:
        """Hands each connection to a conversation. It is logged before any TLS: to connect is to arrive.

        A port that is named may be another server's too, whose address is less exact.
        """
        place = Place(address, 0)

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrival = Arrival(address, place.port, writer.get_extra_info("peername")[:2])
            place.arrivals.append(arrival)
            place.arrived.set()
            self._writers.add(writer)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
                if tls is not None:
                    await writer.start_tls(tls)
                await conversation(place, arrival)(reader, writer)
            arrival.over.set()
            self._writers.discard(writer)
            writer.close()

        server = await asyncio.start_server(accepted, address, port, reuse_port=port != 0)
        place.port = server.sockets[0].getsockname()[1]
        self._servers.append(server)
        self.places.append(place)
        return place

    async def http(
        self, *, address: str = FIRST, tls: str | None = None, answer: bytes | None = None, port: int = 0
    ) -> Place:
        """HTTP/1.1; with `tls`, under a certificate for that name."""
        context = None if tls is None else self.context(tls, "http/1.1")
        return await self.listen(
            lambda place, arrival: _Http1(place, arrival, answer), address=address, tls=context, port=port
        )

    async def http2(self, *, name: str, address: str = FIRST, trailers: bool = False, port: int = 0) -> Place:
        """HTTP/2 over TLS, ALPN h2 alone."""
        context = self.context(name, "h2")
        return await self.listen(
            lambda place, arrival: _Http2(place, arrival, trailers), address=address, tls=context, port=port
        )

    async def websocket(self, *, address: str = FIRST, tls: str | None = None) -> Place:
        """Takes each handshake and echoes each message; `requests` has the messages."""
        context = None if tls is None else self.context(tls, "http/1.1")
        return await self.listen(_Echo, address=address, tls=context)

    async def trap(self, *, address: str = FIRST) -> Place:
        """Raw TCP: logs, says nothing."""
        return await self.listen(lambda place, arrival: _Silent(arrival), address=address)

    async def stop(self) -> None:
        """Close everything."""
        for server in self._servers:
            server.close()
        for writer in tuple(self._writers):
            writer.close()
        for server in self._servers:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await server.wait_closed()


@contextlib.asynccontextmanager
async def standing_in(folder: Path) -> AsyncIterator[StandIn]:
    """A stand-in for one block."""
    stand_in = StandIn(folder)
    try:
        yield stand_in
    finally:
        await stand_in.stop()


def _fresh_context(ca: CertificateAuthority, name: str) -> ssl.SSLContext:
    from proxy.certificates import server_context

    return server_context(*ca.certificate_for(name))


class _Silent:
    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._arrival.received += data


class _Echo:
    def __init__(self, place: Place, arrival: Arrival) -> None:
        self._place = place
        self._arrival = arrival

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        side = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        while data := await reader.read(65536):
            self._arrival.received += data
            side.receive_data(data)
            for event in side.events():
                writer.write(self._reply(side, event))
            await writer.drain()

    def _reply(self, side: wsproto.WSConnection, event: wsproto.events.Event) -> bytes:
        if isinstance(event, wsproto.events.Request):
            return side.send(wsproto.events.AcceptConnection())
        if isinstance(event, wsproto.events.CloseConnection):
            return side.send(event.response())
        if isinstance(event, wsproto.events.Ping):
            return side.send(event.response())
        if isinstance(event, wsproto.events.TextMessage):
            self._place.requests.append(event.data.encode())
            return side.send(wsproto.events.TextMessage(data=event.data))
        return b""


class _Http1:
    """Kept connections, Content-Length and chunked bodies; answers each request alike."""

    def __init__(self, place: Place, arrival: Arrival, answer: bytes | None) -> None:
        self._place = place
        self._arrival = arrival
        self._answer = answer or (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b'Alt-Svc: h3=":443"\r\nContent-Length: 13\r\n\r\n{"real":true}'
        )

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await self._take(reader.readuntil(b"\r\n\r\n"))
            body = await self._body(reader, head.lower())
            self._place.requests.append(head + body)
            writer.write(self._answer)
            await writer.drain()

    async def _take(self, reading: Awaitable[bytes]) -> bytes:
        data = await reading
        self._arrival.received += data
        return data

    async def _body(self, reader: asyncio.StreamReader, head: bytes) -> bytes:
        if b"transfer-encoding: chunked" in head:
            body = b""
            while size := int(await self._take(reader.readuntil(b"\r\n")), 16):
                body += (await self._take(reader.readexactly(size + 2)))[:-2]
            await self._take(reader.readuntil(b"\r\n"))
            return body
        if b"content-length: " in head:
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return await self._take(reader.readexactly(length))
        return b""


class _Http2:
    """Answers each stream with 200 and a short body, trailers after it where asked (as gRPC does)."""

    def __init__(self, place: Place, arrival: Arrival, trailers: bool) -> None:
        self._place = place
        self._arrival = arrival
        self._trailers = trailers
        self._http2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._streams: dict[int, tuple[dict[bytes, bytes], bytearray]] = {}

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._http2.initiate_connection()
        writer.write(self._http2.data_to_send())
        while data := await reader.read(65536):
            self._arrival.received += data
            for event in self._http2.receive_data(data):
                self._on(event)
            writer.write(self._http2.data_to_send())
            await writer.drain()

    def _on(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._streams[event.stream_id] = (dict(event.headers), bytearray())
        elif isinstance(event, h2.events.DataReceived):
            self._streams[event.stream_id][1].extend(event.data)
            self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            headers, body = self._streams.pop(event.stream_id)
            line = b" ".join((headers[b":method"], headers[b":authority"], headers[b":path"]))
            self._place.requests.append(line + b"\n" + bytes(body))
            self._reply(event.stream_id, headers.get(b"content-type", b"application/json"))

    def _reply(self, stream: int, content_type: bytes) -> None:
        self._http2.send_headers(stream, [(b":status", b"200"), (b"content-type", content_type), (b"alt-svc", b"h3")])
        self._http2.send_data(stream, b'{"real":true}', end_stream=not self._trailers)
        if self._trailers:
            self._http2.send_headers(stream, [(b"grpc-status", b"0"), (b"alt-svc", b"h3")], end_stream=True)
