"""The destination's side of HTTP/1.1 inside mitmproxy: interim answers (RFC 9110, 15.2) are not taken for the answer.

They are swallowed, as mitmproxy does over HTTP/2; 101 is final, and judged where answers are. So are trailer fields.
"""

import re
from typing import Any

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.http import HttpClient, RegisterHttpConnection
from mitmproxy.proxy.layers.http._http1 import Http1Client
from mitmproxy.proxy.layers.tls import ServerTLSLayer

_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)[0-9]{2}[ \r\n]")


class _WithoutTrailers:
    """A reader of h11's whose end of message has no trailer fields."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def __call__(self, buffer: Any) -> Any:
        event = self._reader(buffer)
        return type(event)() if getattr(event, "headers", None) else event

    def read_eof(self) -> Any:
        return self._reader.read_eof()


class PatientHttp1Client(Http1Client):
    """Reads on after 100, 102 and 103: stock takes the first head for the answer and drops the real one."""

    body_reader: Any

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """A proxy may leave trailer fields out (RFC 9110, 6.5.1); stock raises where there are any."""
        if not isinstance(self.body_reader, _WithoutTrailers):
            self.body_reader = _WithoutTrailers(self.body_reader)
        yield from super().read_body(event)

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        """One final head out of the buffer, if it is there."""
        if isinstance(event, events.DataReceived) and self.request is not None:
            while _INTERIM.match(bytes(self.buf)) and self.buf.maybe_extract_lines():
                pass
        yield from super().read_headers(event)


class PatientHttpClient(HttpClient):
    """A destination that is dialled, and then spoken to in HTTP/1.1 as above, or in what its ALPN says."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        server = self.context.server
        err = None if server.connected else (yield commands.OpenConnection(server))
        if not err and server.alpn == b"h2":
            yield from super()._handle_event(event)
            return
        if not err:
            self.child_layer = PatientHttp1Client(self.context)
            self._handle_event = self.child_layer.handle_event  # type: ignore[method-assign] # as mitmproxy's own does
            yield from self._handle_event(event)
        yield RegisterHttpConnection(server, err)


def patient(asked: layer.Layer) -> layer.Layer:
    """The layers by which a destination is reached, with the client above in place of mitmproxy's own."""
    if type(asked) is HttpClient:
        asked.context.layers.remove(asked)
        return PatientHttpClient(asked.context)
    if isinstance(asked, ServerTLSLayer):
        asked.child_layer = patient(asked.child_layer)
    return asked
