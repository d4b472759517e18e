"""The Inbox's pages: the list, a message, and a mail's HTML under an address of its own."""

import asyncio
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.captured_message import is_mail
from dashboard.commit_feed import CommitFeed
from dashboard.gateway_link import Gateway
from dashboard.hostile_html import html_response, shown_alone
from dashboard.inbox_labels import InboxLabels
from dashboard.known_addresses import known_addresses
from dashboard.look import row
from dashboard.opened_message import call_of, opened
from dashboard.plain_form import plain_form
from dashboard.problem import Problem
from dashboard.released import release_targets
from dashboard.rendering import Rendering
from dashboard.search_language import parse
from dashboard.sieve import search
from ledger.mime import read_message
from ledger.reader import Reader
from ledger.stored import StoredCapture

ROWS = 60
LOST = {"heading": "No such message", "sentence": "It was never captured, or retention has taken it."}
ELSEWHERE = ("/mailpit", "/mailpit/", "/mailhog", "/mailhog/")
"""Where people who know Mailpit or MailHog look for mails, below the address that its clients are given."""


class InboxPages:
    """`/inbox`, `/inbox/{id}`, `/mail/{id}/html`."""

    def __init__(
        self, reader: Reader, gateway: Gateway, feed: CommitFeed, rendering: Rendering, labels: InboxLabels
    ) -> None:
        self._reader = reader
        self._gateway = gateway
        self._feed = feed
        self._rendering = rendering
        self._labels = labels

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/inbox", self.inbox, methods=["GET"])
        for address in ELSEWHERE:
            router.add_api_route(address, _here, methods=["GET"])
        router.add_api_route("/inbox/read", self.read_all, methods=["POST"])
        router.add_api_route("/inbox/{capture_id}", self.message, methods=["GET"])
        router.add_api_route("/inbox/{capture_id}/labels", self.label, methods=["POST"], response_model=None)
        router.add_api_route("/mail/{capture_id}/html", self.html, methods=["GET"])
        return router

    async def inbox(self, request: Request, q: str = "", after: str | None = None) -> HTMLResponse:
        template = "inbox_results.html" if asks_for(request, "results") else "inbox.html"
        values = await asyncio.to_thread(self._listing, q, after, "")
        addresses = await known_addresses(self._gateway)
        return self._rendering.page(request, template, message=None, addresses=addresses, **values)

    async def read_all(self, request: Request, q: str = "", upto: int = 0) -> RedirectResponse:
        """Everything the search finds, up to what the page had shown."""
        asked = parse(q, self._rendering.clock())
        if asked.wrong or asked.sieved:
            raise Problem(422, f"q: {q[:200]!r} holds words that only a look at each message answers.", parameter="q")
        await self._labels.read_all(asked.filters, upto)
        return RedirectResponse(f"/inbox{queries(q)['query']}", 303)

    async def message(self, request: Request, capture_id: str, q: str = "", tab: str = "") -> HTMLResponse:
        stored = await asyncio.to_thread(self._reader.get, capture_id)
        if stored is None:
            return self.lost(request)
        # Opening it is reading it: before the list is drawn, so that both say the same.
        await asyncio.to_thread(self._labels.open, stored)
        return await self.shown(request, stored, q, tab)

    async def label(self, request: Request, capture_id: str, q: str = "", tab: str = "") -> Response:
        """Change what people put on it."""
        stored = await asyncio.to_thread(self._reader.get, capture_id)
        if stored is None:
            return self.lost(request)
        wrong = ""
        try:
            await self._labels.change(stored, await plain_form(request))
        except Problem as problem:
            wrong = problem.detail
        if wrong or asks_for(request, "message"):
            return await self.shown(request, stored, q, tab, wrong=wrong)
        return RedirectResponse(f"/inbox{queries(q)['query']}", 303)

    def lost(self, request: Request) -> HTMLResponse:
        """Raises Problem where htmx asks for it as a part: what is shown stays, and why is told beside it."""
        if asks_for(request, "message"):
            raise Problem(404, LOST["sentence"])
        return self._rendering.page(request, "lost.html", 404, **LOST)

    async def shown(self, request: Request, stored: StoredCapture, q: str, tab: str, **more: Any) -> HTMLResponse:
        """The message, in its page or alone."""
        values = await asyncio.to_thread(self._opened, stored, tab)
        release_to = await release_targets(self._gateway) if values["message"].is_mail else []
        values = {"wrong_label": more.pop("wrong", ""), "released": None, "release_to": release_to, **values, **more}
        if asks_for(request, "message"):
            return self._rendering.page(request, "message.html", **values, **queries(q))
        listing = await asyncio.to_thread(self._listing, q, None, stored.id)
        addresses = await known_addresses(self._gateway)
        return self._rendering.page(request, "inbox.html", addresses=addresses, **{**listing, **values})

    def html(self, capture_id: str) -> HTMLResponse:
        """What the sandboxed frame shows."""
        stored = self._reader.get(capture_id)
        if stored is None:
            return shown_alone("", 404)
        shown, raw = stored.as_contract(), self._reader.raw(capture_id) or b""
        if is_mail(shown):
            return html_response(read_message(raw))
        return shown_alone(call_of(stored, shown, raw)["html"] or "")

    def _opened(self, stored: StoredCapture, tab: str) -> dict[str, Any]:
        labels = self._labels.of([stored]).get(stored.seq, ())
        return {"message": opened(self._reader, stored, tab, labels), "unread": self._labels.unread()}

    def _listing(self, q: str, after: str | None, chosen: str) -> dict[str, Any]:
        # Noted before looking: what comes meanwhile is sent again, and the page drops what it has.
        seq = self._feed.last
        asked = parse(q, self._rendering.clock())
        try:
            found = search(self._reader, asked, after, ROWS)
        except ValueError as error:
            raise Problem(422, f"after: {error}", parameter="after", value=after) from error
        labels = self._labels.of(found.items)
        return {
            **queries(q),
            "q": q,
            "rows": [row(stored, labels.get(stored.seq, ())) for stored in found.items],
            "next": found.next,
            "exhausted": found.exhausted,
            "wrong": asked.wrong,
            "as_text": asked.as_text,
            "markable": not asked.sieved and not asked.wrong,
            "unread": self._labels.unread(),
            "seq": seq,
            "chosen": chosen,
        }


def _here() -> RedirectResponse:
    return RedirectResponse("/inbox", 303)


def queries(q: str) -> dict[str, str]:
    """The search as it goes on in a link: alone, and after other parameters."""
    words = urlencode({"q": q})
    return {"query": f"?{words}" if q else "", "and_query": f"&{words}" if q else ""}


def asks_for(request: Request, part: str) -> bool:
    """Whether htmx asks for this element's content alone; a browser going back asks for the whole page."""
    headers = request.headers
    if headers.get("hx-history-restore-request") == "true" or headers.get("hx-request") != "true":
        return False
    return headers.get("hx-target", "").rpartition("#")[2] == part
