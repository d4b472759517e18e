"""Waiting for captures: answers with the commit that brought the last one, not with the next look."""

import asyncio
import time
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse

from dashboard.api_captures import page_json
from dashboard.capture_query import WaitQuery
from dashboard.commit_feed import CommitFeed
from dashboard.once_each import once_each
from dashboard.own_run import narrowed
from dashboard.schemas import CapturePage, ProblemShape, TimedOut
from ledger.reader import Reader


def wait_routes(reader: Reader, feed: CommitFeed) -> APIRouter:
    """`GET /api/captures/wait`; to be included before the routes that take an id."""
    router = APIRouter(prefix="/api/captures", tags=["captures"], dependencies=[Depends(once_each)])

    @router.get("/wait", response_model=CapturePage, responses={408: {"model": TimedOut}, 422: {"model": ProblemShape}})
    async def wait(request: Request, query: Annotated[WaitQuery, Query()]) -> JSONResponse:
        """Answers as soon as `count` captures match, else 408 with what was seen."""
        until = time.monotonic() + query.timeout
        filters = replace(query.filters(), run=narrowed(request, query.run))
        while True:
            # Noted before looking, so that a commit between the look and the wait ends the wait.
            known = feed.last
            page = await asyncio.to_thread(reader.captures, filters, None, max(query.count, query.limit or 0))
            if len(page.items) >= query.count:
                return page_json(page)
            left = until - time.monotonic()
            if left <= 0 or feed.closed:
                seen = f"{len(page.items)} of {query.count} captures came within {query.timeout:g} s."
                about = {"type": "about:blank", "title": "Request Timeout", "status": 408, "detail": seen}
                return page_json(page, 408, **about)
            await feed.beyond(known, left)

    return router
