"""Http1Side: the client's side of HTTP/1.1 inside mitmproxy, read by the same strict grammar as the door's."""

import contextlib
from typing import Any

from mitmproxy.connection import ConnectionState
from mitmproxy.net.http import status_codes
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    HttpEvent,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Server

from proxy.body_reader import BodyReader, ChunkedReader, LengthReader, MalformedBody
from proxy.connection import Connection
from proxy.door_request import Names, found_under
from proxy.head import LONGEST_HEAD, Head, MalformedHead, head_end, read_head
from proxy.head_unfinished import BEHIND_THE_LAST, behind, must_become_a_head
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
        self._head = b""
        self._reading: Head | None = None
        self._half_closed = False

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from super()._handle_event(event)
        if self.state == self.wait and len(self.buf) > AHEAD:
            yield from self._unread(f"more than {AHEAD} octets came before the request ahead of them was answered")
            yield commands.CloseConnection(self.conn)

    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        """mitmproxy's own error pages are its own; ours say what happened in the form of every refusal."""
        status = event.code.http_status_code() if isinstance(event, ResponseProtocolError) else None
        if not isinstance(event, ResponseProtocolError) or status is None or self.response is not None:
            yield from super().send(event)
            return
        told = problem(status, "Not answered", f"the destination was reached, but: {event.message[:200]}")
        yield commands.SendData(self.conn, render(told, head_only=False, keep_alive=False, minor=1, marks=()))
        yield commands.CloseConnection(self.conn)

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        """One head out of the buffer, if it is whole."""
        if not isinstance(event, events.DataReceived):
            yield from self._end()
            return
        try:
            request = self._next_request()
        except MalformedHead as error:
            yield from self._refuse(str(error), "malformed", bytes(self.buf[:LONGEST_HEAD]))
            return
        if request is not None:
            self.request = request
            yield ReceiveHttp(RequestHeaders(self.stream_id, request, self._body.done))
            self.state = self.read_body
            yield from self.state(event)

    def _end(self) -> layer.CommandGenerator[None]:
        """The client has gone; in the middle of a head, that is known."""
        opening = bytes(self.buf[:LONGEST_HEAD])
        self.buf.clear()
        if opening:
            yield from self._refuse("the client went away in the middle of a request's head", "truncated", opening)
        else:
            yield commands.CloseConnection(self.conn)

    def _next_request(self) -> SeenRequest | None:
        if self.buf[:2] == b"\r\n":  # RFC 9112, 2.2: an empty line before a request line is skipped
            del self.buf[:2]
        end = head_end(self.buf)
        if end < 0:
            must_become_a_head(self.buf, self._connection.port or 0)
            return None
        raw = bytes(self.buf[:end])
        head = read_head(raw)
        if head.method.upper() == "CONNECT":
            raise MalformedHead("CONNECT came on a connection that is a tunnel or has carried requests")
        request = of_http1(head, raw, self._connection)
        del self.buf[:end]
        self._head, self._reading = raw, head
        self._body = ChunkedReader() if head.chunked else LengthReader(head.length or 0)
        return request

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """As much of the body as is there."""
        if isinstance(event, events.ConnectionClosed):
            yield from self._break_off("the client went away before its request's body was whole", "truncated")
            return
        try:
            data = self._body.take(self.buf)
        except MalformedBody as error:
            yield from self._break_off(str(error), "malformed")
            return
        if data:
            yield ReceiveHttp(RequestData(self.stream_id, data))
        if self._body.done:
            if self._body.trailers and self.request is not None:
                self.request.had_trailers = True
            yield ReceiveHttp(RequestEndOfMessage(self.stream_id))
            yield from self.mark_done(request=True)

    def wait(self, event: events.Event) -> layer.CommandGenerator[None]:
        """A client that closes its half has sent all of its request, and may still read the answer (RFC 9112, 9.6)."""
        if isinstance(event, events.ConnectionClosed) and self.conn.state & ConnectionState.CAN_WRITE:
            self._half_closed = True
            return
        if isinstance(event, events.ConnectionClosed):
            yield from self._unread("the client went away before what it had sent ahead was read")
        yield from super().wait(event)

    def _unread(self, why: str) -> layer.CommandGenerator[None]:
        """Record what will not be read any more: requests that nobody judges were attempted all the same."""
        ahead = bytes(self.buf[:LONGEST_HEAD])
        self.buf.clear()
        if ahead:
            head = behind(ahead)
            meant = None if head is None else found_under(head, self._connection)
            yield SoundstageMalformedHook(Malformed(ahead, why, ("truncated",), meant))

    def mark_done(self, *, request: bool = False, response: bool = False) -> layer.CommandGenerator[None]:
        """The request, or its answer, is over."""
        yield from self._recording_what_is_behind(super().mark_done(request=request, response=response))
        if self._half_closed and self.state == self.read_headers:
            yield from self._end()
        elif self._half_closed and self.state == self.read_body:
            yield from self._break_off("the client went away before its request's body was whole", "truncated")

    def _recording_what_is_behind(self, ending: layer.CommandGenerator[None]) -> layer.CommandGenerator[None]:
        """Whatever it does; before it closes the connection of a request that was the last, what came after is kept."""
        reply: Any = None
        with contextlib.suppress(StopIteration):
            while True:
                command = ending.send(reply)
                if isinstance(command, commands.CloseConnection) and self.state != self.done:
                    yield from self._unread(BEHIND_THE_LAST)
                reply = yield command

    def _break_off(self, why: str, flag: str) -> layer.CommandGenerator[None]:
        """The body will never be whole: recorded with its head, and the request dropped."""
        if self.request is not None:
            self.request.recorded = True
        meant = None if self._reading is None else found_under(self._reading, self._connection)
        yield from self._refuse(why, flag, self._head, meant)
        yield ReceiveHttp(RequestProtocolError(self.stream_id, why, ErrorCode.CLIENT_DISCONNECTED))

    def _refuse(
        self, why: str, flag: str, opening: bytes, meant: tuple[Names, int] | None = None
    ) -> layer.CommandGenerator[None]:
        self.state = self.done
        yield SoundstageMalformedHook(Malformed(opening, why, (flag,), meant))
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
