"""What Mailpit's API changes: what was read, tags; what it removes, sends and releases, by the ways all others go."""

import asyncio
import dataclasses
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse

from dashboard.gateway_link import Gateway
from dashboard.mailpit_body import body_of, flag_of, ids_of, text_of, words_of
from dashboard.mailpit_box import MailBox
from dashboard.mailpit_outgoing import outgoing
from dashboard.mailpit_reading import asked_for
from dashboard.own_run import own_run
from dashboard.problem import Problem
from ledger.filters import Filters
from ledger.labels import READ, Labels
from ledger.reader import Reader
from ledger.stored import StoredCapture

_OK = "ok"


class MailpitChanges:
    """`PUT`, `POST` and `DELETE` under `/mailpit/api/v1/`."""

    def __init__(self, reader: Reader, labels: Labels, gateway: Gateway) -> None:
        self._reader = reader
        self._labels = labels
        self._gateway = gateway

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/mailpit/api/v1", include_in_schema=False)
        router.put("/messages", response_model=None)(self.mark)
        router.delete("/messages", response_model=None)(self.remove)
        router.delete("/search", response_model=None)(self.remove_found)
        router.put("/tags", response_model=None)(self.tag)
        router.put("/tags/{name}", response_model=None)(self.rename_tag)
        router.delete("/tags/{name}", response_model=None)(self.drop_tag)
        router.post("/message/{mail_id}/release", response_model=None)(self.release)
        router.post("/send", response_model=None)(self.send)
        return router

    async def mark(self, request: Request, tz: str = "") -> PlainTextResponse:
        """Read or unread: the mails that are named or searched for; all of them where none are."""
        body = await body_of(request)
        ids, search, read = ids_of(body), text_of(body, "search"), flag_of(body, "read")
        if ids and search:
            raise Problem(400, "Either IDs or a search say which mails are meant, not both.")
        box = self._box(request)
        filters = box.these(ids) if ids else box.filters()
        if search:
            filters = await asyncio.to_thread(box.named, asked_for(search, tz))
        await asyncio.to_thread(self._mark, filters, read=read)
        return PlainTextResponse(_OK)

    async def remove(self, request: Request) -> PlainTextResponse:
        """The mails that are named; all of them where none are."""
        ids = ids_of(await body_of(request))
        box = self._box(request)
        await purge(self._gateway, box.these(ids) if ids else box.filters())
        return PlainTextResponse(_OK)

    async def remove_found(self, request: Request, query: str = "", tz: str = "") -> PlainTextResponse:
        """What the search finds now."""
        await purge(self._gateway, await asyncio.to_thread(self._box(request).named, asked_for(query, tz)))
        return PlainTextResponse(_OK)

    async def tag(self, request: Request) -> PlainTextResponse:
        """The mails that are named carry these tags from now on, and no others."""
        body = await body_of(request)
        ids, tags = ids_of(body), words_of(body, "tags")
        box = self._box(request)
        await asyncio.to_thread(self._tag, [box.one(one) for one in ids], tags)
        return PlainTextResponse(_OK)

    async def rename_tag(self, request: Request, name: str) -> PlainTextResponse:
        """Every mail that carries it carries the other one."""
        other = text_of(await body_of(request), "name")
        await asyncio.to_thread(self._rename, self._box(request), name.lower(), other)
        return PlainTextResponse(_OK)

    async def drop_tag(self, request: Request, name: str) -> PlainTextResponse:
        """No mail carries it any more."""
        await asyncio.to_thread(self._labels.drop_from_all, name.lower(), self._box(request).filters())
        return PlainTextResponse(_OK)

    async def release(self, request: Request, mail_id: str) -> PlainTextResponse:
        """By the one way out there is: the policy decides, and says why not."""
        to = words_of(await body_of(request), "to")
        stored = await asyncio.to_thread(self._box(request).one, mail_id)
        try:
            told = await self._gateway.release(stored.id, to, source_of(request))
        except ValueError as error:
            raise Problem(400, str(error)) from error
        if told["verdict"] not in ("allow", "divert"):
            raise Problem(403, f"It stayed here: {told['reason']}.", capture=told["capture"])
        if not 200 <= int(told.get("status") or 0) < 300:
            raise Problem(
                502, f"The relay did not take it ({told.get('status') or 'no reply'}).", capture=told["capture"]
            )
        return PlainTextResponse(_OK)

    async def send(self, request: Request) -> JSONResponse:
        """A mail made of JSON, handed to the gate as if it had come over SMTP."""
        body = await body_of(request)
        sender, recipients, octets = await asyncio.to_thread(outgoing, body)
        try:
            told = await self._gateway.hand_in(sender, recipients, octets, source_of(request))
        except ValueError as error:
            raise Problem(400, str(error)) from error
        if told["verdict"] == "deny":
            raise Problem(403, f"{told['reason']}.", capture=told["capture"])
        tags = words_of(body, "tags")
        if tags:
            await asyncio.to_thread(lambda: self._tag([self._box(request).one(told["capture"])], tags))
        return JSONResponse({"ID": told["capture"]})

    def _box(self, request: Request) -> MailBox:
        return MailBox(self._reader, self._labels, own_run(request))

    def _mark(self, filters: Filters, *, read: bool) -> None:
        if read:
            self._labels.put_on_all(READ, filters, self._reader.last_seq())
        else:
            self._labels.drop_from_all(READ, filters)

    def _tag(self, mails: list[StoredCapture], tags: list[str]) -> None:
        labels = self._labels.of([stored.seq for stored in mails])
        try:
            for stored in mails:
                for tag in tags:
                    self._labels.put(stored.seq, tag)
                for label in set(labels.get(stored.seq, ())) - {READ, *(tag.strip().lower() for tag in tags)}:
                    self._labels.drop(stored.seq, label)
        except ValueError as error:
            raise Problem(400, str(error), parameter="Tags") from error

    def _rename(self, box: MailBox, name: str, other: str) -> None:
        if name == other.strip().lower():
            return
        carrying = dataclasses.replace(box.filters(), label=name)
        try:
            self._labels.put_on_all(other, carrying, self._reader.last_seq())
        except ValueError as error:
            raise Problem(400, str(error), parameter="Name") from error
        self._labels.drop_from_all(name, box.filters())


async def purge(gateway: Gateway, filters: Filters) -> None:
    """Remove what matches, as `DELETE /api/captures` does. Raises Problem where a run would lose evidence."""
    told = await gateway.purge(shown(filters))
    if "refused" in told:
        raise Problem(409, f"{told['refused']}.")
    if "unavailable" in told:
        raise Problem(503, str(told["unavailable"]))


def shown(filters: Filters) -> dict[str, Any]:
    """The filters that are set, JSON-shaped, as the gateway takes them."""
    told = {one.name: getattr(filters, one.name) for one in dataclasses.fields(filters)}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in told.items()
        if value is not None
    }


def source_of(request: Request) -> str:
    """The address somebody asks from."""
    return request.client.host if request.client else ""
