"""Attempts: everything, by kind and one by one."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard.attempt_query import AttemptQuery, attempt_query
from dashboard.commit_feed import CommitFeed
from dashboard.look import Row, row
from dashboard.problem import Problem
from dashboard.rendering import Rendering
from ledger.figures import Group
from ledger.reader import Reader

ROWS = 60
KINDS = 40


def attempts_routes(reader: Reader, feed: CommitFeed, rendering: Rendering) -> APIRouter:
    """`/attempts`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/attempts")
    def attempts(request: Request, after: str | None = None) -> HTMLResponse:
        seq = feed.last
        query = attempt_query(request.query_params)
        rows, following = listing(query, after)
        kinds = [] if query.wrong or after else reader.groups(query.filters)
        return rendering.page(
            request,
            "attempts.html",
            seq=seq,
            asked=query.asked,
            wrong=query.wrong,
            filtered=bool(query.and_query),
            and_query=query.and_query,
            rows=rows,
            next=following,
            groups=[_kind(kind) for kind in kinds[:KINDS]],
            more_groups=len(kinds) if len(kinds) > KINDS else 0,
        )

    def listing(query: AttemptQuery, after: str | None) -> tuple[list[Row], str | None]:
        if query.wrong:
            return [], None
        try:
            page = reader.captures(query.filters, after, ROWS)
        except ValueError as error:
            raise Problem(422, f"after: {error}", parameter="after", value=after) from error
        return [row(stored) for stored in page.items], page.next

    return router


def _kind(kind: Group) -> dict[str, Any]:
    narrowed = {"channel": kind.channel, "host": kind.host, "operation": kind.operation, "verdict": kind.verdict}
    return {
        **narrowed,
        "count": kind.count,
        "first": kind.first,
        "last": kind.last,
        "href": "/attempts?" + urlencode({name: value for name, value in narrowed.items() if value}),
    }
