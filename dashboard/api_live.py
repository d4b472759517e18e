"""The live stream for programs: every new capture, as JSON, with its sequence number as event id."""

import asyncio
import json
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from dashboard.caller import Callers
from dashboard.commit_feed import CommitFeed
from dashboard.live_stream import Events, Streams, event, resume_from
from dashboard.schemas import ProblemShape
from ledger.reader import Reader

BATCH = 200


def live_routes(reader: Reader, feed: CommitFeed, streams: Streams, callers: Callers) -> APIRouter:
    """`GET /api/live`."""
    router = APIRouter(tags=["live"])

    async def fetch(after: int) -> tuple[int, Events]:
        known = feed.last
        batch = await asyncio.to_thread(reader.since, after, BATCH)
        frames = [event(json.dumps(stored.as_contract()), stored.seq, "capture") for stored in batch]
        return reached(after, known, [stored.seq for stored in batch]), frames

    @router.get("/api/live", response_class=StreamingResponse, responses={422: {"model": ProblemShape}})
    async def live(request: Request) -> StreamingResponse:
        """Server-sent events of new captures; honours `Last-Event-ID`."""
        return streams.response(min(resume_from(request, feed.last), feed.last), fetch, still_allowed(request, callers))

    return router


def reached(after: int, known: int, seen: list[int]) -> int:
    """How far a look at the ledger got. One that was not full got as far as was known before it, purged or not."""
    if len(seen) == BATCH:
        return seen[-1]
    return max([after, known, *seen])


def still_allowed(request: Request, callers: Callers) -> Callable[[], bool]:
    """Whether whoever opened the stream may still see it."""
    return lambda: callers.of(request.headers) is not None
