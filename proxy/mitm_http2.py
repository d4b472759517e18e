"""Http2Side: the client's side of HTTP/2 inside mitmproxy, each stream read strictly and described by its own names."""

import h2.errors
import h2.events
import h2.exceptions
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import RequestHeaders
from mitmproxy.proxy.layers.http._http2 import Http2Server, StreamState

from proxy.connection import Connection
from proxy.h2_frames import Frames
from proxy.head import MalformedHead
from proxy.http1_reply import problem
from proxy.mitm_h2_head import read_h2_head
from proxy.mitm_request import of_http2
from proxy.mitm_signals import Malformed, SoundstageMalformedHook


class Http2Side(Http2Server):
    """A head that cannot be read ends the connection, recorded; nothing of it is guessed."""

    def __init__(self, context: Context, connection: Connection) -> None:
        super().__init__(context)
        self._connection = connection
        self._frames = Frames()

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Frame by frame: of what came with a frame that cannot be read, h2 would forget all requests before it."""
        if not isinstance(event, events.DataReceived):
            yield from super()._handle_event(event)
            return
        for piece in self._frames.cut(event.data):
            yield from super()._handle_event(events.DataReceived(event.connection, piece))
            if self._handle_event == self.done:
                return

    def handle_h2_event(self, event: h2.events.Event) -> layer.CommandGenerator[bool]:
        """True where further processing must stop."""
        if not isinstance(event, h2.events.RequestReceived):
            return (yield from super().handle_h2_event(event))
        try:
            request = of_http2(read_h2_head(event.headers), self._connection)
        except MalformedHead as error:
            yield SoundstageMalformedHook(Malformed(b"", str(error)))
            self._say(event.stream_id, str(error))
            yield from super().protocol_error(str(error))
            return True
        self.streams[event.stream_id] = StreamState.HEADERS_RECEIVED
        yield ReceiveHttp(RequestHeaders(event.stream_id, request, end_stream=bool(event.stream_ended)))
        return False

    def _say(self, stream_id: int, why: str) -> None:
        """The refusal as an answer to its stream, as over HTTP/1.1: what a connection ended with, few clients show."""
        told = problem(400, "Not a request", f"Soundstage cannot read this request: {why}")
        self.h2_conn.send_headers(stream_id, [(b":status", b"400"), (b"content-type", b"application/problem+json")])
        self.h2_conn.send_data(stream_id, told.body, end_stream=True)

    def protocol_error(
        self, message: str, error_code: int = h2.errors.ErrorCodes.PROTOCOL_ERROR
    ) -> layer.CommandGenerator[None]:
        """Recorded first, then said to the client."""
        if "missing mandatory" in message:  # RFC 9113, 8.5: CONNECT alone has no scheme and no path
            message += ", as in a CONNECT, which is not served over HTTP/2"
        yield SoundstageMalformedHook(Malformed(b"", message))
        yield from super().protocol_error(message, error_code)
