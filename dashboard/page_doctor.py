"""The page Doctor: the reports that were filed, and one of them finding by finding."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard.page_part import PagePart
from dashboard.rendering import Rendering
from ledger.doctor_reports import DoctorReports

ORDER = ("open", "missing", "unknown", "accepted", "advice", "dropped", "captured", "closed")
"""What somebody has to do something about comes first."""
SIGNS = {
    "open": "▲",
    "missing": "◆",
    "unknown": "?",
    "accepted": "△",
    "advice": "i",
    "dropped": "□",
    "captured": "●",
    "closed": "■",
}
SENTENCES = {
    "contained": "Nothing went round Soundstage by any of the ways that were tried.",
    "open": "There are ways round Soundstage.",
    "inconclusive": "It was not proved that nothing goes round Soundstage.",
}
LOST = {"heading": "No such report", "sentence": "It was never filed, or newer ones have taken its place."}


class DoctorPages:
    """`/doctor` and `/doctor/{id}`."""

    def __init__(self, reports: DoctorReports, rendering: Rendering) -> None:
        self._reports = reports
        self._rendering = rendering

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/doctor", self.latest, methods=["GET"])
        router.add_api_route("/doctor/{report_id}", self.one, methods=["GET"])
        return router

    def part(self, of: str) -> PagePart:
        """With the latest report open, or that one."""

        async def news() -> Sequence[str]:
            return await asyncio.to_thread(self._reports.ids)

        async def values(_: Any) -> dict[str, Any]:
            return await asyncio.to_thread(self._told, of)

        return PagePart("doctor_part.html", news, values)

    async def latest(self, request: Request) -> HTMLResponse:
        return await self._page(request, "")

    async def one(self, request: Request, report_id: str) -> HTMLResponse:
        if await asyncio.to_thread(self._reports.get, report_id) is None:
            return self._rendering.page(request, "lost.html", 404, **LOST)
        return await self._page(request, report_id)

    async def _page(self, request: Request, of: str) -> HTMLResponse:
        return self._rendering.page(request, "doctor.html", of=of, **await self.part(of).drawn())

    def _told(self, of: str) -> dict[str, Any]:
        latest = self._reports.latest()
        report = self._reports.get(of) if of else latest[0] if latest else None
        findings = [] if report is None else sorted(report["findings"], key=lambda one: ORDER.index(one["verdict"]))
        told = {"reports": latest, "report": report, "findings": findings, "order": ORDER}
        return {"verdict_signs": SIGNS, "sentences": SENTENCES, **told}
