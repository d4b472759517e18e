"""A loopback server that answers as one provider does, through description and the HTTP sink: for their SDKs."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.reply import Reply
from policies.body import Body
from policies.decision import Decision
from policies.describe import describe
from policies.effect import Effect
from policies.http_request import HttpRequest
from policies.pack import Packs
from proxy.http1_reply import render
from sinks.emulator import Emulator
from sinks.http_sink import HttpSink
from sinks.objects import StoredReply
from sinks.passage import Passage

REASON = "no opt-in matches this; the test denies it"


class KeptInMemory:
    """Objects as a ledger keeps them, fed with the replies that a gateway would record."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str, str], Any] = {}
        self.replays: dict[tuple[str, str], StoredReply] = {}
        self.asked: set[str] = set()

    def record(self, run: str, provider: str, capture_id: str, reply: Reply) -> None:
        for item in reply.keep:
            place = (run, provider, item.collection, item.key)
            if item.value is None:
                self.values.pop(place, None)
            else:
                self.values[place] = item.value
        if reply.replay is not None:
            stored = StoredReply(reply.replay.fingerprint, capture_id, reply.status, reply.headers, reply.body)
            self.replays.setdefault((run, reply.replay.key), stored)

    async def get(self, run: str, provider: str, collection: str, key: str) -> Any | None:
        return self.values.get((run, provider, collection, key))

    async def list(self, run: str, provider: str, collection: str, limit: int) -> list[Any]:
        found = [value for place, value in self.values.items() if place[:3] == (run, provider, collection)]
        return found[::-1][:limit]

    async def replay(self, run: str, key: str) -> StoredReply | None:
        self.asked.add(key)
        return self.replays.get((run, key))

    def surely_new(self, key: str) -> bool:
        new = key not in self.asked
        self.asked.add(key)
        return new


class Provider:
    """One provider's stand-in. `deny` makes it refuse; `effects` and `replies` say what came and went."""

    def __init__(self, host: str, emulators: dict[str, Emulator] | None = None) -> None:
        self.host = host
        self.deny = False
        self.objects = KeptInMemory()
        self.effects: list[Effect] = []
        self.replies: list[Reply] = []
        self.url = ""
        self._packs = Packs.built_in()
        self._sink = HttpSink(self._packs, self.objects, b"secret" * 5, emulators or {})

    async def answer(self, request: HttpRequest) -> Reply:
        effect, known = describe(request, self._packs, run="sdk")
        decision = (
            Decision(verdict="deny", rule="test", reason=REASON)
            if self.deny
            else Decision(verdict="capture", rule=f"default:{effect.channel}", reason="captured by default")
        )
        capture_id = f"0192f000-0000-7000-8000-{len(self.replies):012d}"
        reply = await self._sink.answer(Passage(request, known, effect, decision, capture_id, datetime.now(UTC)))
        self.objects.record(effect.run, effect.provider or "", capture_id, reply)
        self.effects.append(effect)
        self.replies.append(reply)
        return reply


@contextmanager
def serving(
    host: str,
    emulators: dict[str, Emulator] | None = None,
    closing: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
) -> Iterator[Provider]:
    """A provider on a loopback port; what is sent there counts as sent to `host`. `closing` is awaited at the end."""
    provider = Provider(host, emulators)
    loop = asyncio.new_event_loop()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider, loop))
    provider.url = f"http://127.0.0.1:{server.server_port}"
    threads = [threading.Thread(target=loop.run_forever), threading.Thread(target=server.serve_forever)]
    for thread in threads:
        thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        for close in closing:
            asyncio.run_coroutine_threadsafe(close(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        for thread in threads:
            thread.join(60)
        loop.close()


def _handler(provider: Provider, loop: asyncio.AbstractEventLoop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            request = HttpRequest(
                method=self.command,
                scheme="https",
                names=(("host", provider.host),),
                target=self.path,
                headers=tuple((name.lower(), value) for name, value in self.headers.items()),
                source="127.0.0.1",
                body=Body.of(self._body()),
            )
            reply = asyncio.run_coroutine_threadsafe(provider.answer(request), loop).result(60)
            head_only = self.command == "HEAD"
            marks = (("connection", "keep-alive"),)
            self.wfile.write(render(reply, head_only=head_only, keep_alive=True, minor=1, marks=marks))

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("content-length") or 0))
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve  # noqa: N815 # http.server's names

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: what happened is asserted, not printed."""

    return Handler
