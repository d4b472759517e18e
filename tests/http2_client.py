"""Http2Client: a small HTTP/2 client by hand: what real ones cannot be made to send, it can."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

Field = tuple[str, str]


@dataclass
class Stream:
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    reset: bool = False


def texts(headers: Iterable[tuple[str | bytes, str | bytes]]) -> dict[str, str]:
    return {str(name): str(value) for name, value in headers}


class Http2Client:
    """A small client by hand: what real ones cannot be made to send, it can."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        config = h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.http2 = h2.connection.H2Connection(config)
        self.streams: dict[int, Stream] = {}
        self.gone = False
        self.http2.initiate_connection()

    def send(
        self,
        authority: str,
        path: str = "/",
        *,
        method: str = "GET",
        scheme: str = "https",
        body: bytes = b"",
        fields: tuple[Field, ...] = (),
    ) -> Stream:
        number = self.http2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority), *fields]
        self.http2.send_headers(number, head, end_stream=not body)
        if body:
            self.http2.send_data(number, body, end_stream=True)
        self.writer.write(self.http2.data_to_send())
        self.streams[number] = stream = Stream()
        return stream

    async def until(self, *streams: Stream) -> None:
        """Read until these have ended, or the connection has."""
        async with asyncio.timeout(60):
            while not self.gone and not all(stream.ended or stream.reset for stream in streams):
                data = await self.reader.read(65536)
                self.gone = not data
                for event in self.http2.receive_data(data) if data else ():
                    self._on(event)
                self.writer.write(self.http2.data_to_send())

    def _on(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ConnectionTerminated):
            self.gone = True
            return
        stream = self.streams.get(getattr(event, "stream_id", 0))
        if stream is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = texts(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = texts(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = True
