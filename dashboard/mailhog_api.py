"""MailHog's API over the captured mails: `/mailhog/api/v1`, `/mailhog/api/v2`, and `/api/v2` without the prefix."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboard.download import download
from dashboard.gateway_link import Gateway
from dashboard.mailhog_shapes import item, leaves
from dashboard.mailpit_box import EVERYTHING, MailBox
from dashboard.mailpit_changes import purge
from dashboard.mailpit_mail import OneMail
from dashboard.mailpit_search import MailSearch, parse
from dashboard.own_run import own_run
from dashboard.problem import Problem
from ledger.filters import Filters
from ledger.labels import Labels
from ledger.reader import Reader

KINDS = ("from", "to", "containing")
_RELAY = (
    "Soundstage sends a mail on by the policy's own relay alone: POST /mailpit/api/v1/message/ID/release does that."
)

Offset = Annotated[int, Query(ge=0, le=10**9)]


class MailHogApi:
    """What MailHog's clients ask."""

    def __init__(self, reader: Reader, labels: Labels, gateway: Gateway) -> None:
        self._reader = reader
        self._labels = labels
        self._gateway = gateway

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        for prefix in ("", "/mailhog"):
            router.get(f"{prefix}/api/v2/messages")(self.messages)
            router.get(f"{prefix}/api/v2/search")(self.search)
        get, one = router.get, "/mailhog/api/v1/messages/{mail_id}"
        get("/mailhog/api/v1/messages")(self.first)
        get(one)(self.one)
        get(f"{one}/download", response_model=None)(self.download)
        get(f"{one}/mime/part/{{number}}/download", response_model=None)(self.part)
        router.delete("/mailhog/api/v1/messages", response_model=None)(self.remove_all)
        router.delete(one, response_model=None)(self.remove)
        router.post(f"{one}/release", response_model=None)(self.release)
        return router

    def messages(self, request: Request, start: Offset = 0, limit: Offset = 50) -> dict[str, Any]:
        """Newest first."""
        return self._listed(self._box(request), EVERYTHING, start, limit)

    def search(
        self, request: Request, query: str = "", kind: str = "containing", start: Offset = 0, limit: Offset = 50
    ) -> dict[str, Any]:
        """Newest first."""
        return self._listed(self._box(request), search_of(kind.lower(), query), start, limit)

    def first(self, request: Request, start: Offset = 0, limit: Offset = 50) -> list[dict[str, Any]]:
        """The items alone, as version 1 has them."""
        items: list[dict[str, Any]] = self.messages(request, start, limit)["items"]
        return items

    def one(self, request: Request, mail_id: str) -> dict[str, Any]:
        box = self._box(request)
        return item(box.read(box.one(mail_id)))

    def download(self, request: Request, mail_id: str) -> Response:
        """As it was sent."""
        box = self._box(request)
        return download(box.read(box.one(mail_id)).raw, f"{mail_id}.eml")

    def part(self, request: Request, mail_id: str, number: int) -> Response:
        """One part as it was sent, still encoded."""
        box = self._box(request)
        mail = box.read(box.one(mail_id))
        parts = leaves(mail.raw, mail.head)
        if not 0 <= number < len(parts):
            raise Problem(404, f"Mail {mail_id[:200]!r} has no part {number}.")
        head, raw = parts[number]
        return download(raw[head.body :], f"part-{number}.bin")

    async def remove_all(self, request: Request) -> Response:
        await purge(self._gateway, self._box(request).filters())
        return Response()

    async def remove(self, request: Request, mail_id: str) -> Response:
        box = self._box(request)
        stored = await asyncio.to_thread(box.one, mail_id)
        await purge(self._gateway, box.these([stored.id]))
        return Response()

    async def release(self, mail_id: str) -> Response:
        """MailHog lets whoever asks choose the server: nobody may here."""
        raise Problem(501, _RELAY)

    def _box(self, request: Request) -> MailBox:
        return MailBox(self._reader, self._labels, own_run(request))

    @staticmethod
    def _listed(box: MailBox, search: MailSearch, start: int, limit: int) -> dict[str, Any]:
        found = box.find(search, start, limit)
        items = [item(box.read(stored)) for stored in found.items]
        return {"total": found.count, "count": len(items), "start": start, "items": items}


def search_of(kind: str, query: str) -> MailSearch:
    """Raises Problem for a kind that is none, or nothing to look for."""
    if kind not in KINDS or not query.strip():
        raise Problem(
            400, f"kind: {kind[:40]!r} and query: {query[:100]!r} are no search; {', '.join(KINDS)} are kinds."
        )
    if kind == "containing":
        return parse('"' + query.replace('"', " ") + '"')
    wanted = query.strip().lower()

    def sent_to(mail: OneMail, labels: frozenset[str]) -> bool:
        return any(wanted in one.lower() for one in (*mail.envelope, mail.head.text("to")))

    def sent_by(mail: OneMail, labels: frozenset[str]) -> bool:
        said = str(mail.stored.capture.facts.get("from") or "")
        return wanted in said.lower() or wanted in mail.head.text("from").lower()

    if kind == "from":
        return MailSearch(Filters(), (sent_by,))
    known = "@" in wanted and "*" not in wanted
    return MailSearch(Filters(to=wanted) if known else Filters(), (sent_to,))
