"""The page Doctor: the reports that were filed, and one of them finding by finding."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

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


def doctor_pages(reports: DoctorReports, rendering: Rendering) -> APIRouter:
    """`/doctor` and `/doctor/{id}`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/doctor")
    def latest(request: Request) -> HTMLResponse:
        found = reports.latest()
        return _drawn(rendering, request, found, found[0] if found else None)

    @router.get("/doctor/{report_id}")
    def one(request: Request, report_id: str) -> HTMLResponse:
        report = reports.get(report_id)
        if report is None:
            return rendering.page(request, "lost.html", 404, **LOST)
        return _drawn(rendering, request, reports.latest(), report)

    return router


def _drawn(
    rendering: Rendering, request: Request, latest: list[dict[str, Any]], report: dict[str, Any] | None
) -> HTMLResponse:
    findings = [] if report is None else sorted(report["findings"], key=lambda one: ORDER.index(one["verdict"]))
    told = {"reports": latest, "report": report, "findings": findings, "order": ORDER}
    return rendering.page(request, "doctor.html", verdict_signs=SIGNS, sentences=SENTENCES, **told)
