"""SeenRequest: mitmproxy's request object, carrying our description of it and no destination until it may leave."""

import time

from mitmproxy import http

from policies.http_request import HttpRequest
from proxy.connection import Connection
from proxy.door_request import describe_request
from proxy.head import Head
from proxy.head_target import Target, read_target
from proxy.mitm_h2_head import H2Head, describe_h2

_FOR_THE_PROXY = frozenset((b"proxy-authorization", b"proxy-connection"))
"""Said to a proxy: never forwarded."""


class SeenRequest(http.Request):
    """One request as described at its head; the body follows."""

    described: HttpRequest
    had_trailers: bool = False
    recorded: bool = False
    """It broke off, and that is on record."""
    too_long: bool = False
    """More of a body was sent than is taken."""

    @property
    def wants_websocket(self) -> bool:
        """Whether it asks for the one upgrade that may survive, case-folded (RFC 6455, 4.1), and for no other."""
        wanted = [value.lower() for name, value in self.described.headers if name == "upgrade"]
        return wanted == ["websocket"] and self.described.method == "GET" and self.described.protocol == "http/1.1"


def of_http1(head: Head, raw: bytes, connection: Connection) -> SeenRequest:
    """`raw` is what `head` was read from: names keep their case on their way out. Raises MalformedHead."""
    target = read_target(head)
    described = describe_request(head, connection, target=target)
    fields = [line.partition(b":") for line in raw.split(b"\r\n")[1:-2]]
    version = b"HTTP/1.1" if head.minor else b"HTTP/1.0"
    return _made(described, target, version, [(name, value.strip(b" \t")) for name, _, value in fields])


def of_http2(head: H2Head, connection: Connection) -> SeenRequest:
    """Raises MalformedHead."""
    described = describe_h2(head, connection)
    return _made(described, Target(head.path, authority=head.authority), b"HTTP/2.0", list(head.fields))


def _made(described: HttpRequest, target: Target, version: bytes, fields: list[tuple[bytes, bytes]]) -> SeenRequest:
    # mitmproxy writes the absolute form wherever an authority is set; origins are sent the origin form.
    authority = (target.authority or "").encode("latin-1") if version == b"HTTP/2.0" else b""
    request = SeenRequest(
        host="",
        port=0,
        method=described.method.encode("ascii"),
        scheme=described.scheme.encode("ascii"),
        authority=authority,
        path=described.target.encode("latin-1"),
        http_version=version,
        headers=http.Headers([field for field in fields if field[0].lower() not in _FOR_THE_PROXY]),
        content=None,
        trailers=None,
        timestamp_start=time.time(),
        timestamp_end=None,
    )
    request.described = described
    return request
