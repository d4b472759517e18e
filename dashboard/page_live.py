"""The pages' live stream: rows and parts as HTML, already filtered, one stream a page."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from dashboard.api_live import still_allowed
from dashboard.attempt_query import attempt_query
from dashboard.caller import Callers
from dashboard.commit_feed import CommitFeed
from dashboard.inbox_labels import InboxLabels
from dashboard.live_part import part_drawn, with_gateway
from dashboard.live_stream import Events, Fetch, Streams, event, resume_from
from dashboard.look import row
from dashboard.page_part import PagePart
from dashboard.problem import Problem
from dashboard.rendering import Rendering, number
from dashboard.search_language import Search, parse
from dashboard.sieve import newer
from ledger.reader import Reader
from ledger.stored import StoredCapture

ROWS = 60
"""The most rows one look adds: more scroll by faster than anybody reads."""
LOOK = 1.0
"""Seconds until what changes without a capture is seen: a run that ends, a reload, a gateway that went away."""
PartOf = Callable[[str], PagePart]
"""The part of a page, by what is open on it."""


class PageLive:
    """`GET /live?page=inbox|attempts|error`, or one of `parts`, with what is open on it as `of`."""

    def __init__(
        self,
        reader: Reader,
        feed: CommitFeed,
        streams: Streams,
        callers: Callers,
        parts: Mapping[str, PartOf],
        rendering: Rendering,
        labels: InboxLabels,
    ) -> None:
        self._reader = reader
        self._feed = feed
        self._streams = streams
        self._callers = callers
        self._parts = parts
        self._rendering = rendering
        self._labels = labels

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/live", self.live, methods=["GET"], response_class=StreamingResponse)
        return router

    async def live(self, request: Request, page: str, q: str = "", of: str = "") -> StreamingResponse:
        seen = resume_from(request, self._feed.last)
        if page in self._parts:
            fetch = part_drawn(self._parts[page](of), seen, self._feed, self._rendering)
        else:
            fetch = self._rows_for(request, page, q)
        after = 0 if page in self._parts else min(seen, self._feed.last)
        allowed = still_allowed(request, self._callers)
        return self._streams.response(after, with_gateway(fetch, self._feed), allowed, LOOK)

    def _rows_for(self, request: Request, page: str, q: str) -> Fetch:
        if page == "inbox":
            query = f"?{urlencode({'q': q})}" if q else ""
            # Parsed at each look: `after:2h` means two hours before then.
            return self._rows(lambda: parse(q, self._rendering.clock()), "inbox_row.html", query, counting=True)
        if page == "attempts":
            asked = attempt_query(request.query_params)
            return self._rows(lambda: Search(asked.filters, wrong=asked.wrong), "attempt_row.html", "")
        if page == "error":
            return self._nothing
        raise Problem(422, f"page: {page[:40]!r} has no live stream.", parameter="page", value=page[:40])

    async def _nothing(self, after: int) -> tuple[int, Events]:
        """A page that waits for the gateway alone."""
        return self._feed.last, []

    def _rows(self, asked: Callable[[], Search], template: str, query: str, *, counting: bool = False) -> Fetch:
        async def fetch(after: int) -> tuple[int, Events]:
            known = self._feed.last
            if known <= after:
                return after, []
            found = await asyncio.to_thread(newer, self._reader, asked(), after, ROWS)
            # What was committed while it was looked for is shown by now, and told once.
            known = max([known, *[stored.seq for stored in found]])
            frames = await asyncio.to_thread(self._drawn, found, template, query)
            count = number(await asyncio.to_thread(self._labels.unread)) if counting else ""
            return known, [*frames, event(count, known, "seen")]

        return fetch

    def _drawn(self, found: Sequence[StoredCapture], template: str, query: str) -> Events:
        values = {"query": query, "chosen": ""}
        return [event(self._rendering.text(template, row=row(stored), **values), stored.seq, "row") for stored in found]
