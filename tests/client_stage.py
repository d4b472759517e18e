"""A Soundstage that is only its API, over real HTTP: runs, windows and captures in memory, filled by the test itself.

For the client's own reasoning: what it asks, and what it makes of each answer. Stories with a real Soundstage are in
`test_story_suite*.py`.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "token-of-the-stage"
TARGET = {"scheme": "https", "host": "hooks.partner.test", "port": 443, "method": "POST", "path": "/v1/orders"}
MOMENT = "2026-11-22T10:15:30.123456Z"


def capture(number: int, channel: str = "email", **more: Any) -> dict[str, Any]:
    """One capture as the API lists it; `facts`, `target` and detail as given."""
    return {
        "id": f"c{number:03}",
        "at": MOMENT,
        "run": "r",
        "window": "w-1",
        "source": "127.0.0.1",
        "channel": channel,
        "intent": "write",
        "provider": None,
        "operation": None,
        "protocol": "smtp" if channel == "email" else "http/1.1",
        "target": TARGET,
        "verdict": "capture",
        "rule": f"default:{channel}",
        "reason": "captured by default",
        "fidelity": "shaped",
        "left": False,
        "facts": {},
        "flags": [],
        **more,
    }


def mail(number: int, to: str, subject: str, **more: Any) -> dict[str, Any]:
    """A mail; `text`, `links` and the like are its detail."""
    facts = {"from": "shop@shop.test", "to": [to], "subject": subject}
    blank: dict[str, Any] = {"text": "", "html": None, "links": [], "codes": [], "attachments": []}
    return capture(number, "email", facts=facts, **{**blank, **more})


class Stage:
    """What the API knows, and what it was asked."""

    def __init__(self) -> None:
        self.captures: list[dict[str, Any]] = []
        self.raw: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.settled: dict[str, Any] = {"reached": True, "why": None, "waited": 0.0}
        self.run: dict[str, Any] = {"gaps": [], "canaries": None, "counts": {}, "variables": {}}
        self.at_finish: dict[str, Any] = {}
        """Of the run, once it is finished."""
        self.judgement: dict[str, Any] = {"verdict": "clean", "reasons": [], "rows": []}
        self.window: str | None = None
        self.windows = 0
        self.changed = threading.Condition()
        self.url = ""
        self.after_a_window: dict[str, Any] | None = None
        """Arrives once the first window has been closed."""
        self.dies_after: int | None = None
        """Questions after which the gateway is gone."""
        self.closed_to_it = ""
        """A run whose captures the token does not open."""

    def add(self, *found: dict[str, Any]) -> None:
        with self.changed:
            self.captures += found
            self.changed.notify_all()

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        self.bodies.append(body)
        if self.dies_after is not None and len(self.asked) > self.dies_after:
            return 503, {"detail": "The gateway does not answer."}
        if path.startswith("/api/captures"):
            return self._captures(path.removeprefix("/api/captures").strip("/"), query)
        if path == "/api/runs":
            return 201, self._run(body["name"])
        _, _, _, run, *rest = path.split("/")
        if run == "unknown":
            return 404, {"detail": "There is no run 'unknown'."}
        answers = {
            "": self._run(run),
            "finish": {**self._run(run), **self.at_finish},
            "settle": self.settled,
            "verify": self.judgement,
            "renew": {},
        }
        what = rest[0] if rest else ""
        return self._windows(body) if what == "windows" else (200, answers[what])

    def _run(self, name: str) -> dict[str, Any]:
        return {"id": "r", "name": name, "opened_at": MOMENT, **self.run}

    def _windows(self, body: dict[str, Any]) -> tuple[int, Any]:
        if "open" not in body:
            self.window = None
            if self.after_a_window is not None:
                self.captures, self.after_a_window = [*self.captures, self.after_a_window], None
            told = {"settled": self.settled["reached"], "why": self.settled["why"]}
            return 200, {"id": body["close"], "name": "", "opened_at": MOMENT, "closed_at": MOMENT, **told}
        if self.window is not None:
            return 409, {"detail": f"Window {self.window} of run r is open."}
        self.windows += 1
        self.window = f"w-{self.windows}"
        return 201, {"id": self.window, "name": body["open"], "opened_at": MOMENT}

    def _captures(self, rest: str, query: dict[str, str]) -> tuple[int, Any]:
        if self.closed_to_it and query.get("run") == self.closed_to_it:
            return 403, {"detail": "The token does not open these captures."}
        if rest == "wait":
            return self._wait(query)
        if rest.endswith("/raw") or "/parts/" in rest:
            return 200, self.raw[rest]
        if rest:
            return 200, next(one for one in self.captures if one["id"] == rest)
        return 200, {"items": self._matching(query), "next": None}

    def _wait(self, query: dict[str, str]) -> tuple[int, Any]:
        until = time.monotonic() + float(query["timeout"])
        with self.changed:
            while len(found := self._matching(query)) < int(query["count"]):
                left = until - time.monotonic()
                if left <= 0:
                    return 408, {"detail": "too few", "items": found, "next": None}
                self.changed.wait(left)
        return 200, {"items": found, "next": None}

    def _matching(self, query: dict[str, str]) -> list[dict[str, Any]]:
        found = self.captures[::-1]
        for name in ("run", "channel"):
            if name in query:
                found = [one for one in found if one[name] == query[name]]
        if query.get("window") == "none":
            found = [one for one in found if one.get("window") is None]
        elif "window" in query:
            found = [one for one in found if one.get("window") == query["window"]]
        return [one for one in found if one["left"]] if query.get("left") == "true" else found


class _Handler(BaseHTTPRequestHandler):
    stage: Stage
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        asked = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        status, told = 403, {"detail": "The token is not known."}
        if self.headers.get("authorization") == f"Bearer {TOKEN}":
            status, told = self.stage.answer(method, asked.path, dict(parse_qsl(asked.query)), body)
        octets = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def api_stage() -> Iterator[Stage]:
    """Served while the block lasts."""
    stage = Stage()
    handler = type("Handler", (_Handler,), {"stage": stage})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    stage.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stage
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
