"""Http1Side: the client's side of HTTP/1.1 inside mitmproxy, read by the same strict grammar as the door's."""

from typing import Any

from mitmproxy.net.http import status_codes
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Server

from proxy.body_reader import BodyReader, ChunkedReader, LengthReader, MalformedBody
from proxy.connection import Connection
from proxy.head import LONGEST_HEAD, MalformedHead, head_end, read_head
from proxy.http1_reply import problem, render
from proxy.mitm_request import SeenRequest, of_http1
from proxy.mitm_signals import Malformed, SoundstageMalformedHook

AHEAD = 256 * 1024
"""Octets of pipelined requests that are held while one is being answered."""


class Http1Side(Http1Server):
    """Heads and bodies by the door's own readers; mitmproxy's are lenient, and a difference would be a way round."""

    request: SeenRequest | None
    buf: Any

    def __init__(self, context: Context, connection: Connection) -> None:
        super().__init__(context)
        self.buf = bytearray()
        self._connection = connection
        self._body: BodyReader = LengthReader(0)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from super()._handle_event(event)
        if self.state == self.wait and len(self.buf) > AHEAD:
            yield commands.CloseConnection(self.conn)

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        """One head out of the buffer, if it is whole."""
        if not isinstance(event, events.DataReceived):
            yield commands.CloseConnection(self.conn)
            return
        try:
            request = self._next_request()
        except MalformedHead as error:
            yield from self._refuse(str(error))
            return
        if request is not None:
            self.request = request
            yield ReceiveHttp(RequestHeaders(self.stream_id, request, self._body.done))
            self.state = self.read_body
            yield from self.state(event)

    def _next_request(self) -> SeenRequest | None:
        while self.buf.startswith(b"\r\n"):  # RFC 9112, 2.2: empty lines before a request line are ignored
            del self.buf[:2]
        end = head_end(self.buf)
        if end < 0:
            if len(self.buf) >= LONGEST_HEAD or b"\n\n" in self.buf:
                read_head(bytes(self.buf[:LONGEST_HEAD]))
                raise MalformedHead(f"the request's head is longer than {LONGEST_HEAD} octets")
            return None
        raw = bytes(self.buf[:end])
        head = read_head(raw)
        request = of_http1(head, raw, self._connection)
        del self.buf[:end]
        self._body = ChunkedReader() if head.chunked else LengthReader(head.length or 0)
        return request

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """As much of the body as is there."""
        if isinstance(event, events.ConnectionClosed):
            yield from self._break_off("the client closed the connection before its request's body was whole")
            return
        try:
            data = self._body.take(self.buf)
        except MalformedBody as error:
            yield from self._break_off(str(error))
            return
        if data:
            yield ReceiveHttp(RequestData(self.stream_id, data))
        if self._body.done:
            if self._body.trailers and self.request is not None:
                self.request.had_trailers = True
            yield ReceiveHttp(RequestEndOfMessage(self.stream_id))
            yield from self.mark_done(request=True)

    def _break_off(self, message: str) -> layer.CommandGenerator[None]:
        yield commands.CloseConnection(self.conn)
        yield ReceiveHttp(RequestProtocolError(self.stream_id, message, ErrorCode.CLIENT_DISCONNECTED))
        self.state = self.done

    def _refuse(self, why: str) -> layer.CommandGenerator[None]:
        opening = bytes(self.buf[:LONGEST_HEAD])
        self.state = self.done
        yield SoundstageMalformedHook(Malformed(opening, why, "http/1.1"))
        told = problem(status_codes.BAD_REQUEST, "Not a request", f"Soundstage cannot read this request: {why}")
        yield commands.SendData(self.conn, render(told, head_only=False, keep_alive=False, minor=1, marks=()))
        yield commands.CloseConnection(self.conn)

    def make_pipe(self) -> layer.CommandGenerator[None]:
        """After a 101: what the client sent already belongs to the WebSocket."""
        self.state = self.passthrough
        ahead = bytes(self.buf)
        self.buf.clear()
        if ahead:
            yield from self.state(events.DataReceived(self.conn, ahead))
