"""The Inbox's pages: the list, a message, and a mail's HTML under an address of its own."""

import asyncio
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard.captured_message import is_mail
from dashboard.commit_feed import CommitFeed
from dashboard.gateway_link import Gateway
from dashboard.hostile_html import html_response, shown_alone
from dashboard.known_addresses import known_addresses
from dashboard.look import row
from dashboard.opened_message import OpenedMessage, call_of, opened
from dashboard.problem import Problem
from dashboard.rendering import Rendering
from dashboard.search_language import parse
from dashboard.sieve import search
from ledger.mime import read_message
from ledger.reader import Reader

ROWS = 60


class InboxPages:
    """`/inbox`, `/inbox/{id}`, `/mail/{id}/html`."""

    def __init__(self, reader: Reader, gateway: Gateway, feed: CommitFeed, rendering: Rendering) -> None:
        self._reader = reader
        self._gateway = gateway
        self._feed = feed
        self._rendering = rendering

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/inbox", self.inbox, methods=["GET"])
        router.add_api_route("/inbox/{capture_id}", self.message, methods=["GET"])
        router.add_api_route("/mail/{capture_id}/html", self.html, methods=["GET"])
        return router

    async def inbox(self, request: Request, q: str = "", after: str | None = None) -> HTMLResponse:
        template = "inbox_results.html" if asks_for(request, "results") else "inbox.html"
        values = await asyncio.to_thread(self._listing, q, after, "")
        addresses = await known_addresses(self._gateway)
        return self._rendering.page(request, template, message=None, addresses=addresses, **values)

    async def message(self, request: Request, capture_id: str, q: str = "", tab: str = "") -> HTMLResponse:
        shown = await asyncio.to_thread(self._opened, capture_id, tab)
        if shown is None:
            told = {"heading": "No such message", "sentence": "It was never captured, or retention has taken it."}
            return self._rendering.page(request, "lost.html", 404, **told)
        if asks_for(request, "message"):
            return self._rendering.page(request, "message.html", message=shown, **_queries(q))
        values = await asyncio.to_thread(self._listing, q, None, capture_id)
        addresses = await known_addresses(self._gateway)
        return self._rendering.page(request, "inbox.html", message=shown, addresses=addresses, **values)

    def html(self, capture_id: str) -> HTMLResponse:
        """What the sandboxed frame shows."""
        stored = self._reader.get(capture_id)
        if stored is None:
            return shown_alone("", 404)
        shown, raw = stored.as_contract(), self._reader.raw(capture_id) or b""
        if is_mail(shown):
            return html_response(read_message(raw))
        return shown_alone(call_of(stored, shown, raw)["html"] or "")

    def _opened(self, capture_id: str, tab: str) -> OpenedMessage | None:
        stored = self._reader.get(capture_id)
        return None if stored is None else opened(self._reader, stored, tab)

    def _listing(self, q: str, after: str | None, chosen: str) -> dict[str, Any]:
        # Noted before looking: what comes meanwhile is sent again, and the page drops what it has.
        seq = self._feed.last
        asked = parse(q, self._rendering.clock())
        try:
            found = search(self._reader, asked, after, ROWS)
        except ValueError as error:
            raise Problem(422, f"after: {error}", parameter="after", value=after) from error
        rows = [row(stored) for stored in found.items]
        return {
            **_queries(q),
            "q": q,
            "rows": rows,
            "next": found.next,
            "exhausted": found.exhausted,
            "wrong": asked.wrong,
            "seq": seq,
            "chosen": chosen,
        }


def _queries(q: str) -> dict[str, str]:
    """The search as it goes on in a link: alone, and after other parameters."""
    words = urlencode({"q": q})
    return {"query": f"?{words}" if q else "", "and_query": f"&{words}" if q else ""}


def asks_for(request: Request, part: str) -> bool:
    """Whether htmx asks for this element's content alone; a browser going back asks for the whole page."""
    headers = request.headers
    if headers.get("hx-history-restore-request") == "true" or headers.get("hx-request") != "true":
        return False
    return headers.get("hx-target", "").rpartition("#")[2] == part
