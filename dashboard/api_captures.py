"""The captures API: list, one, its bytes and parts, removal. Shapes and errors are contract.md's."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from dashboard.capture_query import CaptureQuery, ListQuery
from dashboard.captured_message import detail, files_of, is_mail
from dashboard.download import download
from dashboard.gateway_link import Gateway
from dashboard.once_each import once_each
from dashboard.own_run import narrowed, own_run
from dashboard.problem import Problem
from dashboard.schemas import CaptureDetail, CapturePage, ProblemShape, Removed
from ledger.reader import Reader
from ledger.stored import Page, StoredCapture

_WRONG: dict[int | str, dict[str, Any]] = {422: {"model": ProblemShape}}
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": ProblemShape}}
_REFUSED: dict[int | str, dict[str, Any]] = {409: {"model": ProblemShape}, **_WRONG}


class CapturesApi:
    """Everything under `/api/captures` but waiting."""

    def __init__(self, reader: Reader, gateway: Gateway) -> None:
        self._reader = reader
        self._gateway = gateway

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/api/captures", tags=["captures"], dependencies=[Depends(once_each)])
        get, plain = router.get, Response
        get("", response_model=CapturePage, responses=_WRONG)(self.list_captures)
        get("/{capture_id}", response_model=CaptureDetail, responses=_MISSING)(self.one_capture)
        get("/{capture_id}/raw", response_class=plain, responses=_MISSING)(self.raw)
        get("/{capture_id}/parts/{n}", response_class=plain, responses=_MISSING)(self.part)
        router.delete("", response_model=Removed, responses=_REFUSED)(self.remove)
        return router

    def list_captures(self, request: Request, query: Annotated[ListQuery, Query()]) -> JSONResponse:
        """Newest first."""
        filters = replace(query.filters(), run=narrowed(request, query.run))
        try:
            page = self._reader.captures(filters, query.after, query.limit)
        except ValueError as error:
            raise Problem(422, f"after: {error}", parameter="after", value=query.after) from error
        return page_json(page)

    def one_capture(self, request: Request, capture_id: str) -> JSONResponse:
        """One, with headers and decoded parts."""
        return JSONResponse(detail(self._found(request, capture_id), self._reader.raw(capture_id)))

    def raw(self, request: Request, capture_id: str) -> Response:
        """The captured bytes: of a mail exactly as sent, of an API call with its credentials removed."""
        stored = self._found(request, capture_id)
        name = f"{capture_id}.eml" if is_mail(stored.as_contract()) else f"{capture_id}.bin"
        return download(self._kept(stored), name)

    def part(self, request: Request, capture_id: str, n: int) -> Response:
        """One MIME part or attachment, as a download."""
        stored = self._found(request, capture_id)
        for one in files_of(stored.as_contract(), self._kept(stored)):
            if one.index == n:
                return download(one.content, one.filename or f"part-{n}.bin")
        raise Problem(404, f"Capture {capture_id} has no part {n}.", parameter="n", value=n)

    async def remove(self, query: Annotated[CaptureQuery, Query()]) -> JSONResponse:
        """Remove what matches; without a filter, everything."""
        told = await self._gateway.purge(query.asked())
        if "refused" in told:
            raise Problem(409, str(told["refused"]))
        if "unavailable" in told:
            raise Problem(503, str(told["unavailable"]))
        return JSONResponse(told)

    def _found(self, request: Request, capture_id: str) -> StoredCapture:
        """What another run's is, is nothing to one that asks with its own token."""
        stored, own = self._reader.get(capture_id), own_run(request)
        if stored is None or own not in (None, stored.capture.effect.run):
            raise Problem(404, f"There is no capture {capture_id[:200]!r}.", parameter="id", value=capture_id[:200])
        return stored

    def _kept(self, stored: StoredCapture) -> bytes:
        """The bytes, or a problem where only digest and size were kept."""
        shown = stored.as_contract()
        raw, size = self._reader.raw(shown["id"]), shown["payload"]["size"]
        if raw is None and size > 0:
            told = f"Of capture {shown['id']} only digest and size were kept: its {size} octets were too many."
            raise Problem(404, told, parameter="id", value=shown["id"])
        return raw or b""


def page_json(page: Page, code: int = 200, **more: Any) -> JSONResponse:
    """A page of captures as contract.md shows it."""
    items = [stored.as_contract() for stored in page.items]
    return JSONResponse({**more, "items": items, "next": page.next}, code)
