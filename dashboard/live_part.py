"""What a page's live stream sends beside rows: its part drawn anew, and whether the gateway answers."""

import asyncio

from dashboard.commit_feed import CommitFeed
from dashboard.gateway_link import GatewayUnreachable
from dashboard.live_stream import Events, Fetch, event
from dashboard.page_part import PagePart, mark
from dashboard.problem import Problem
from dashboard.rendering import Rendering
from ledger.trouble import LedgerUnavailable

PAUSE = 0.5
"""Seconds between two looks at a part, however fast captures come."""
SHARE, LONGEST_PAUSE = 20, 10.0
"""What takes long to look at is looked at less often: the pause is so many times as long, up to these seconds."""


def part_drawn(part: PagePart, shown: int, feed: CommitFeed, rendering: Rendering) -> Fetch:
    """`shown`: the mark of what the page shows already."""
    clock = asyncio.get_running_loop().time
    next_look = 0.0

    async def fetch(after: int) -> tuple[int, Events]:
        nonlocal shown, next_look
        await asyncio.sleep(max(0.0, next_look - clock()))
        known, began = feed.last, clock()
        try:
            news = await part.news()
            seen = mark(news)
            next_look = began + min(max(PAUSE, SHARE * (clock() - began)), LONGEST_PAUSE)
            if seen == shown:
                return known, []
            html = await asyncio.to_thread(rendering.text, part.template, **await part.values(news))
        except (GatewayUnreachable, LedgerUnavailable, Problem):
            # What is shown stays; that the gateway is away is told by itself, and it is asked again.
            return known, []
        shown = seen
        return known, [event(html, seen, "part")]

    return fetch


def with_gateway(fetch: Fetch, feed: CommitFeed) -> Fetch:
    """Told first of all, and whenever it changes: a page that nothing comes to may mean that nothing can."""
    told: bool | None = None

    async def also(after: int) -> tuple[int, Events]:
        nonlocal told
        frames = [] if told is feed.away else [event("away" if feed.away else "here", name="gateway")]
        told = feed.away
        reached, more = await fetch(after)
        return reached, [*frames, *more]

    return also
