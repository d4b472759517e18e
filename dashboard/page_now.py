"""The page Now: whether anything left, what was tried, what may leave, what needs a look."""

import asyncio
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard import figures as said
from dashboard.api_health import readiness
from dashboard.commit_feed import CommitFeed
from dashboard.figures import Alert, Figures
from dashboard.gateway_link import Gateway, GatewayUnreachable, Readiness
from dashboard.look import row
from dashboard.page_part import PagePart
from dashboard.refused import PREFIX, refused
from dashboard.rendering import Rendering
from ledger.filters import Filters
from ledger.moment import moment
from ledger.reader import Reader
from policies.effect import UNATTRIBUTED

LATEST = 8
BUCKET = 120
BUCKETS = 60
SPAN = "2 hours"


class Now:
    """Draws the figures, for the page and for its live stream."""

    def __init__(self, reader: Reader, gateway: Gateway, feed: CommitFeed, rendering: Rendering) -> None:
        self._reader = reader
        self._gateway = gateway
        self._feed = feed
        self._rendering = rendering

    def part(self, _of: str = "") -> PagePart:
        """All of it."""
        return PagePart("now_figures.html", self._news, self._values)

    async def _news(self) -> tuple[Any, ...]:
        """What the sums are made of, without summing up: as many captures, the same policy, the same two minutes."""
        last, now = self._feed.last, self._rendering.clock()
        policy, ready = await self._asked()
        packets = {name: amount for name, amount in (await self._metrics()).items() if name.startswith(PREFIX)}
        soon = said.policy_alerts(policy, now) if policy else []
        return policy, ready, packets, last, soon, now.timestamp() // BUCKET

    async def _values(self, news: Any) -> dict[str, Any]:
        return {"figures": await asyncio.to_thread(self._drawn, *news[:3])}

    async def _asked(self) -> tuple[dict[str, Any] | None, Readiness]:
        try:
            policy = await self._gateway.policy()
        except GatewayUnreachable:
            policy = None
        return policy, await readiness(self._gateway)

    async def _metrics(self) -> dict[str, float]:
        try:
            return await self._gateway.metrics()
        except GatewayUnreachable:
            return {}

    def _drawn(self, policy: dict[str, Any] | None, ready: Readiness, metrics: dict[str, float]) -> Figures:
        now = self._rendering.clock()
        tallies = self._reader.tallies()
        start = now - timedelta(seconds=BUCKET * (BUCKETS - 1))
        drawn = said.series(self._reader.timeline(BUCKET, start), start, BUCKET, BUCKETS)
        error = str(policy.get("error")) if policy and policy.get("error") else None
        # A refused reload is told once, with the policy's other news.
        missing = [phrase for phrase in ready.missing if error is None or error not in phrase]
        alerts = [Alert("wrong", f"Not ready: {phrase}.") for phrase in missing]
        alerts += said.flag_alerts({flag: self._reader.count(Filters(trait=flag)) for flag in said.ALERTING})
        removed = max((one["newest_at"] for one in self._reader.removals()), default=None)
        return Figures(
            answering=policy is not None and ready.ready,
            left=sum(one.count for one in tallies if one.left),
            since=said.vouched_since(
                min((one.first for one in tallies), default=None),
                None if removed is None else moment(removed),
                min((one.first for one in tallies if one.left), default=None),
            ),
            verdicts=said.by_verdict(tallies),
            total=sum(one.count for one in tallies),
            unattributed=sum(one.count for one in tallies if one.run == UNATTRIBUTED),
            channels=said.by_channel(tallies),
            alerts=alerts + (said.policy_alerts(policy, now) if policy else []),
            opt_ins=None if policy is None else said.opt_ins(policy, now),
            series=drawn,
            series_words=said.series_words(drawn, SPAN),
            span=SPAN,
            latest=[row(stored) for stored in self._reader.captures(Filters(), None, LATEST).items],
            refused=refused(self._reader, metrics),
        )


def now_routes(now: Now, rendering: Rendering) -> APIRouter:
    """`/`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def page(request: Request) -> HTMLResponse:
        return rendering.page(request, "now.html", **await now.part().drawn())

    return router
