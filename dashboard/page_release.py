"""Releasing a mail to a real mailbox: asked here, decided by the policy, told in the policy's own words."""

import asyncio
from typing import Any

import re2
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.gateway_link import Gateway, GatewayUnreachable
from dashboard.page_inbox import InboxPages, asks_for
from dashboard.plain_form import plain_form
from dashboard.released import UNKNOWN, Released, outcome
from ledger.reader import Reader

_BETWEEN = re2.compile(r"[,;\s]+")


class ReleasePages:
    """`POST /inbox/{id}/release`."""

    def __init__(self, reader: Reader, gateway: Gateway, inbox: InboxPages) -> None:
        self._reader = reader
        self._gateway = gateway
        self._inbox = inbox

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/inbox/{capture_id}/release", self.release, methods=["POST"], response_model=None)
        return router

    async def release(self, request: Request, capture_id: str, q: str = "", tab: str = "") -> Response:
        stored = await asyncio.to_thread(self._reader.get, capture_id)
        if stored is None:
            return self._inbox.lost(request)
        form = await plain_form(request)
        # Only blanks and commas part addresses: whatever else is in one stays in it, and is refused with it.
        to = [one for one in _BETWEEN.split(form.get("to", "")) if one] if form.get("to", "").isprintable() else []
        released = await self._asked(capture_id, to, request.client.host if request.client else "")
        if released.capture and not asks_for(request, "message"):
            return RedirectResponse(f"/attempts/{released.capture}", 303)
        return await self._page(request, stored, q, tab, released)

    async def _asked(self, capture_id: str, to: list[str], source: str) -> Released:
        if not to:
            return Released("Nothing was sent: say to whom, in plain mail addresses with commas between them.")
        try:
            told = await self._gateway.release(capture_id, to, source)
        except ValueError as error:
            return Released(f"Nothing was sent. {error}")
        except GatewayUnreachable:
            return Released(UNKNOWN)
        return outcome(told)

    async def _page(self, request: Request, stored: Any, q: str, tab: str, released: Released) -> HTMLResponse:
        return await self._inbox.shown(request, stored, q, tab, released=released)
