"""Layers: what mitmproxy may stack on one client connection: TLS and HTTP. Anything else is recorded and shut.

Whatever raises inside ends the connection: stock mitmproxy logs it and goes on in whatever state it is in.
"""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode, HttpStream
from mitmproxy.proxy.layers.tls import ClientTLSLayer

from proxy.connection import Connection
from proxy.h2_frames import PREFACE
from proxy.mitm_http1 import Http1Side
from proxy.mitm_http1_client import patient
from proxy.mitm_http2 import Http2Side
from proxy.mitm_stream import HeldStream, Intakes

_log = logging.getLogger(__name__)
_HTTP1 = re.compile(rb"(?:\r\n)*[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}( |$)")
NOWHERE = ("unnamed.invalid", 0)
"""The address of every server context until a departure names one: it matches no connection and resolves to nothing."""

Speaks = str
"""`h2`, `http/1.1`, `unknown` (more bytes are needed) or `other`."""


def speaks(first: bytes, alpn: bytes | None) -> Speaks:
    """What a client speaks, by its first bytes. HTTP/2 needs no ALPN: aioapns begins with the preface alone."""
    if alpn == b"h2" or first.startswith(PREFACE):
        return "h2"
    if PREFACE.startswith(first):
        return "unknown"
    if _HTTP1.match(first):
        return "http/1.1"
    return "unknown" if first in (b"\r", b"\r\n") else "other"


class Outermost(layer.Layer):
    """The bottom of the stack: no error gets past it, and every error shuts the client's connection."""

    def __init__(self, context: Context, tls: bool, failed: Callable[[], None]) -> None:
        """`failed` is told of an error: no hook may ever be called for what it came by."""
        super().__init__(context)
        self._failed = failed
        self.inner: layer.Layer = ClientTLSLayer(context) if tls else layer.NextLayer(context)

    def handle_event(self, event: events.Event) -> Iterator[commands.Command]:  # type: ignore[override]
        """Not `_handle_event`: nothing here ever waits."""
        try:
            yield from self.inner.handle_event(event)
        except Exception:
            _log.exception("a client connection of mitmproxy is shut after an error")
            self._failed()
            yield commands.CloseConnection(self.context.client)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        raise NotImplementedError("handle_event serves every event")


class Shut(layer.Layer):
    """Answers everything by closing the client's connection."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield commands.CloseConnection(self.context.client)


class HeldHttpLayer(HttpLayer):
    """HTTP with our own client's side and streams. No destination is known to it until a departure names one."""

    def __init__(self, context: Context, connection: Connection, intakes: Intakes, spool: Path | None) -> None:
        super().__init__(context, HTTPMode.transparent)
        self._connection = connection
        self._intakes = intakes
        self._spool = spool
        context.server.address = NOWHERE

    def _handle_event(self, event: events.Event) -> Any:
        if isinstance(event, events.Start):
            side = Http2Side if self.context.client.alpn == b"h2" else Http1Side
            self.connections[self.context.client] = side(self.context.fork(), self._connection)
        yield from super()._handle_event(event)

    def event_to_child(self, child: layer.Layer | HttpStream, event: events.Event) -> layer.CommandGenerator[None]:
        """Whoever is to reach a destination begins by this event."""
        if isinstance(event, events.Start) and isinstance(child, layer.Layer):
            held = patient(child)
            server = held.context.server
            if held is not child and self.connections.get(server) is child:
                self.connections[server] = held
            child = held
        yield from super().event_to_child(child, event)

    def waiting_for_client(self) -> int:
        """Octets of answers that an HTTP/2 client's windows hold back."""
        side = self.connections.get(self.context.client)
        if not isinstance(side, Http2Side):
            return 0
        queues = side.h2_conn.stream_buffers.values()
        return sum(len(piece.data) for queue in queues for piece in queue)

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Called for each request, with whatever names it has of its own."""
        self.streams[stream_id] = HeldStream(self.context.fork(), stream_id, self._intakes, self._spool)
        yield from self.event_to_child(self.streams[stream_id], events.Start())
