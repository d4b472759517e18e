"""The pages' routes together, and the files they use."""

from collections.abc import Mapping

from fastapi import APIRouter

from dashboard.assets import Assets
from dashboard.caller import Callers
from dashboard.commit_feed import CommitFeed
from dashboard.gateway_link import Gateway
from dashboard.inbox_labels import InboxLabels
from dashboard.live_stream import Streams
from dashboard.page_attempt import attempt_routes
from dashboard.page_attempts import attempts_routes
from dashboard.page_inbox import InboxPages
from dashboard.page_live import PageLive, PartOf
from dashboard.page_now import Now, now_routes
from dashboard.page_release import ReleasePages
from dashboard.rendering import Rendering
from ledger.labels import Labels
from ledger.reader import Reader


def page_routes(
    reader: Reader,
    gateway: Gateway,
    feed: CommitFeed,
    streams: Streams,
    callers: Callers,
    labels: Labels,
    rendering: Rendering,
    parts: Mapping[str, PartOf],
) -> APIRouter:
    """Now, Inbox, Attempts, One attempt; and the live stream of these and of the `parts` of others."""
    now = Now(reader, gateway, feed, rendering)
    inbox = InboxLabels(reader, labels)
    router = APIRouter()
    router.include_router(now_routes(now, rendering))
    messages = InboxPages(reader, gateway, feed, rendering, inbox)
    router.include_router(messages.routes())
    router.include_router(ReleasePages(reader, gateway, messages).routes())
    router.include_router(attempts_routes(reader, feed, rendering))
    router.include_router(attempt_routes(reader, gateway, rendering))
    parts = {"now": now.part, **parts}
    router.include_router(PageLive(reader, feed, streams, callers, parts, rendering, inbox).routes())
    router.mount("/static", Assets())
    return router
