"""HeldStream: one request and its answer inside mitmproxy, with the whole request here before anything is decided.

Replaces the two steps of mitmproxy's stream that matter: taking the body in, and turning to a destination.
"""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from mitmproxy import flow, http
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import GetHttpConnection, HttpLayer, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestTrailers,
    ResponseEndOfMessage,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpRequestHook, HttpResponseHeadersHook
from mitmproxy.proxy.layers.http._http2 import Http2Client

from policies.http_request import HttpRequest
from proxy.mitm_body import IN_MEMORY, Intake, RequestBody
from proxy.mitm_leaving import Leaving
from proxy.mitm_request import SeenRequest
from proxy.mitm_signals import Draining, SoundstageDrainHook
from proxy.mitm_websocket import BoundedWebSocket

BODY = "soundstage.body"
LEAVING = "soundstage.leaving"
"""Keys of a flow's metadata."""

Intakes = Callable[[HttpRequest], Intake | None]
"""Where a long body of this request is kept, if it is."""


class HeldStream(HttpStream):
    """Turns to a destination only where a recorded departure lies on the flow and no refusal does."""

    def __init__(self, context: Context, stream_id: int, intakes: Intakes, spool: Path | None) -> None:
        super().__init__(context, stream_id)
        self._intakes = intakes
        self.body = RequestBody(self._intake, spool=spool)

    def _intake(self) -> Intake | None:
        return self._intakes(cast(SeenRequest, self.flow.request).described)

    def state_consume_request_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Take the body in; at its end ask what is to be done, and do that."""
        if isinstance(event, RequestData):
            self.body.write(event.data)
        elif isinstance(event, RequestTrailers):
            self.flow.request.trailers = event.trailers
            cast(SeenRequest, self.flow.request).had_trailers = True
        elif isinstance(event, RequestEndOfMessage):
            cast(SeenRequest, self.flow.request).too_long = self.body.too_long
            self.flow.metadata[BODY] = self.body.finish()
            self.client_state = self.state_done
            yield HttpRequestHook(self.flow)
            if (yield from self.check_killed(True)):
                return
            if self.flow.response is not None:
                yield from self._answer_ourselves()
            elif (yield from self.make_server_connection()):
                yield from self._send()

    def _answer_ourselves(self) -> layer.CommandGenerator[None]:
        yield HttpResponseHeadersHook(self.flow)
        if (yield from self.check_killed(True)):
            return
        yield from self.send_response()

    def check_killed(self, emit_error_hook: bool) -> layer.CommandGenerator[bool]:
        """Whoever asked for all of it and has gone has asked for it: what is whole is judged, and is on record."""
        if self.client_state == self.state_wait_for_request_headers and any(
            isinstance(event, RequestEndOfMessage) for event in self._paused_event_queue
        ):
            return False
        return (yield from super().check_killed(emit_error_hook))

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """The one place where a stream turns to a destination. True where it may write to it."""
        leaving = self.flow.metadata.get(LEAVING)
        if not isinstance(leaving, Leaving) or self.flow.response is not None:
            # Nothing recorded lets this request leave: that it came here at all is a bug, and ends as a refusal.
            yield SendHttp(ResponseProtocolError(self.stream_id, "refused", ErrorCode.KILL), self.context.client)
            self.client_state = self.server_state = self.state_errored
            return False
        request = self.flow.request
        connection, err = yield GetHttpConnection((request.host, request.port), request.scheme == "https", None, "tcp")
        if err is None:
            peer = connection.peername[0]
            err = leaving.may_reach(peer)
            if err is not None:
                leaving.failure, leaving.refused = err, True
            else:
                leaving.reached = peer
                leaving.sent = True
                self.context.server = self.flow.server_conn = connection
                return True
        yield from self._not_reached(err)
        return False

    def _not_reached(self, err: str) -> layer.CommandGenerator[None]:
        """Nothing of the request was sent: settle it, and say so."""
        self.flow.error = flow.Error(err)
        yield HttpErrorHook(self.flow)
        if self.flow.response is None:
            yield SendHttp(ResponseProtocolError(self.stream_id, err, ErrorCode.CONNECT_FAILED), self.context.client)
            self.client_state = self.server_state = self.state_errored
            return
        self.flow.error = None
        yield from self._answer_ourselves()

    def _send(self) -> layer.CommandGenerator[None]:
        request = self.flow.request
        self._frame(request)
        size, waiting = self.body.size, self._waiting()
        yield SendHttp(RequestHeaders(self.stream_id, request, size == 0), self.context.server)
        for chunk in self.body.chunks():
            yield SendHttp(RequestData(self.stream_id, chunk), self.context.server)
            if size > IN_MEMORY:
                yield SoundstageDrainHook(Draining(self.context.server, waiting))
        yield SendHttp(RequestEndOfMessage(self.stream_id), self.context.server)

    def flow_done(self) -> layer.CommandGenerator[None]:
        """After a WebSocket's handshake the rest of the connection is its messages', within our bounds."""
        if self.flow.websocket is None:
            yield from super().flow_done()
            return
        self.child_layer = BoundedWebSocket(self.context, self.flow)
        self._handle_event = self.passthrough
        yield from self.child_layer.handle_event(events.Start())
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def _waiting(self) -> Callable[[], int]:
        """How much of what is sent still waits for the destination's HTTP/2 window."""
        around = self.context.layers[self.context.layers.index(self) - 1]
        at = cast(HttpLayer, around).connections.get(self.context.server)
        while at is not None and not isinstance(at, Http2Client):
            at = getattr(at, "child_layer", None)
        if at is None:
            return lambda: 0
        buffers = at.h2_conn.stream_buffers
        return lambda: sum(len(piece.data) for queue in buffers.values() for piece in queue)

    def _frame(self, request: http.Request) -> None:
        """HTTP/2 needs no length, HTTP/1.1 does: without it the body would be read as a request nobody judged."""
        if not request.is_http2 or self.context.server.alpn == b"h2" or "content-length" in request.headers:
            return
        if self.body.size or request.method not in ("GET", "HEAD", "OPTIONS"):
            request.headers["content-length"] = str(self.body.size)
