"""Server-sent events (WHATWG HTML, 9.2): framing, resuming, keeping alive, ending when the session ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import StreamingResponse

from dashboard.commit_feed import CommitFeed
from dashboard.problem import Problem

KEEP_ALIVE = 15.0
"""Seconds: shorter than the idle limit of any proxy in front."""
STREAM_LIMIT = 200

Events = list[str]
Fetch = Callable[[int], Awaitable[tuple[int, Events]]]
"""From a sequence number to the number reached and the framed events up to it."""


def event(data: str, seq: int | None = None, name: str | None = None) -> str:
    """One event's frame. Line ends in `data` become lines of it, so that nothing captured can forge a field."""
    lines = [f"id: {seq}"] if seq is not None else []
    lines += [f"event: {name}"] if name is not None else []
    lines += [f"data: {line}" for line in data.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(lines) + "\n\n"


def resume_from(request: Request, otherwise: int) -> int:
    """Where a client wants to go on: `Last-Event-ID`, else `after`, else from now on."""
    asked = request.headers.get("last-event-id") or request.query_params.get("after")
    if asked is None:
        return otherwise
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        raise Problem(422, f"Last-Event-ID: {asked[:40]!r} is no event id of ours.", parameter="Last-Event-ID")
    return int(asked)


class Streams:
    """The streams that are open, counted, so that forgotten ones cannot use the process up."""

    def __init__(self, feed: CommitFeed, keep_alive: float = KEEP_ALIVE) -> None:
        self._feed = feed
        self._keep_alive = keep_alive
        self._open = 0

    def response(
        self, after: int, fetch: Fetch, allowed: Callable[[], bool], look: float = KEEP_ALIVE
    ) -> StreamingResponse:
        """`allowed` is asked before anything is sent: a revoked session sees nothing more.

        `look`: seconds after which `fetch` is asked again where nothing was captured.
        """
        if self._open >= STREAM_LIMIT:
            raise Problem(503, f"{STREAM_LIMIT} live streams are open already; close some pages.")
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        frames = self._frames(after, fetch, allowed, min(look, self._keep_alive))
        return StreamingResponse(frames, 200, headers, "text/event-stream")

    async def _frames(self, after: int, fetch: Fetch, allowed: Callable[[], bool], look: float) -> AsyncIterator[str]:
        self._open += 1
        quiet = 0.0
        try:
            yield "retry: 1000\n\n"
            while not self._feed.closed:
                after, events = await fetch(after)
                if not await asyncio.to_thread(allowed):
                    return
                for frame in events:
                    yield frame
                quiet = 0.0 if events else quiet
                if await self._feed.beyond(after, look) <= after:
                    quiet += look
                if quiet >= self._keep_alive:
                    quiet = 0.0
                    yield ": still here\n\n"
        finally:
            self._open -= 1
