"""A load of HTTP requests from a process of its own: kept or new connections, plain or through TLS.

No two are the same: `000000` in a request is its number, so that nobody answers out of what was answered before.
"""

import argparse
import asyncio
import json
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing


class KeptConnection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is complete."""

    def __init__(self, request: Callable[[], bytes], done: Callable[[], bool], ended: asyncio.Future[None]) -> None:
        self._request, self._done, self._ended = request, done, ended
        self._buffer = b""
        self._enough = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (length := complete(self._buffer)) is not None:
            if not self._buffer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
                self._ended.set_exception(RuntimeError(f"unexpected answer: {self._buffer[:200]!r}"))
                self._transport.abort()
                return
            self._buffer = self._buffer[length:]
            if self._done():
                self._enough = True
                self._transport.close()
                return
            self._transport.write(self._request())

    def connection_lost(self, error: Exception | None) -> None:
        if self._ended.done():
            return
        if self._enough:
            self._ended.set_result(None)
        else:
            # A figure of the few that were answered before would be one of nothing.
            self._ended.set_exception(RuntimeError(f"the connection was ended by the other side: {error}"))


def complete(buffer: bytes) -> int | None:
    """The length of the first whole answer in the buffer, by its Content-Length, or None."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return None
    at = buffer[:head].lower().find(b"content-length:")
    body = int(buffer[at + 15 : buffer.find(b"\r\n", at)]) if at >= 0 else 0
    return head + 4 + body if len(buffer) >= head + 4 + body else None


class Load:
    """`seconds` of requests over `connections` connections; how many were answered."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._answered = 0
        self._context = ssl.create_default_context(cafile=options.ca) if options.ca else None
        self._until = 0.0
        self._request: bytes = options.request.encode().decode("unicode_escape").encode()
        self._asked = 0

    def _next(self) -> bytes:
        self._asked += 1
        return self._request.replace(b"000000", b"%06d" % self._asked)

    def _one_more(self) -> bool:
        self._answered += 1
        return time.monotonic() >= self._until

    async def run(self) -> dict[str, float]:
        started = time.monotonic()
        self._until = started + self._options.seconds
        one = self._new_each_time if self._options.new else self._kept
        await asyncio.gather(*(one() for _ in range(self._options.connections)))
        took = time.monotonic() - started
        return {"answered": self._answered, "seconds": took, "rate": self._answered / took}

    async def _kept(self) -> None:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(
            lambda: KeptConnection(self._next, self._one_more, ended),
            sock=self._socket(),
            ssl=self._context,
            server_hostname=self._options.name if self._context else None,
        )
        await ended

    async def _new_each_time(self) -> None:
        loop = asyncio.get_running_loop()
        more = True
        while more:
            ended: asyncio.Future[None] = loop.create_future()
            await loop.create_connection(
                lambda ended=ended: KeptConnection(self._next, lambda: True, ended),
                sock=self._socket(),
                ssl=self._context,
                server_hostname=self._options.name if self._context else None,
            )
            await ended
            more = not self._one_more()

    def _socket(self) -> socket.socket:
        host, port = self._options.address.rsplit(":", 1)
        sock = socket.create_connection((host, int(port)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._options.connect:
            authority = f"{self._options.name}:443"
            sock.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += sock.recv(4096)
            if b" 200" not in answer.split(b"\r\n", 1)[0]:
                with closing(sock):
                    raise RuntimeError(f"CONNECT was answered {answer!r}")
        sock.setblocking(False)
        return sock


def main() -> None:
    """Print one JSON line: answered, seconds, rate."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("request", help="the whole request, with \\r\\n escaped")
    parser.add_argument("--name", default="api.stripe.com")
    parser.add_argument("--ca")
    parser.add_argument("--connect", action="store_true")
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    print(json.dumps(asyncio.run(Load(parser.parse_args()).run())))


if __name__ == "__main__":
    main()
