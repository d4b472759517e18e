"""`/api/doctor`: reports of `soundstage doctor`, filed by whoever ran it and listed for whoever asks."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from dashboard.problem import Problem
from dashboard.schemas import ProblemShape
from ledger.doctor_reports import DoctorReports

Line = Annotated[str, Field(max_length=1000)]
Kind = Literal["closed", "captured", "dropped", "open", "unknown", "missing", "advice", "accepted"]


class FindingShape(BaseModel):
    """What one attempt, or one look at the machine, says."""

    model_config = ConfigDict(extra="forbid")

    id: Line
    what: Line
    verdict: Kind
    reason: Annotated[str, Field(max_length=4000)]
    capture: Line | None = None
    met: Line | None = None


class ReportAsked(BaseModel):
    """A report as `soundstage doctor --json` prints it; `run`: the one that it was made for."""

    model_config = ConfigDict(extra="forbid")

    result: Literal["contained", "open", "inconclusive"]
    exit: int = Field(ge=0, le=2)
    machine: Line
    consulted: bool
    seconds: float = Field(ge=0)
    counts: dict[Kind, int]
    findings: list[FindingShape] = Field(max_length=2000)
    run: Line | None = None


class ReportShape(ReportAsked):
    """One that is kept."""

    id: str
    at: str


class ReportPage(BaseModel):
    """The newest first."""

    items: list[ReportShape]


def doctor_routes(reports: DoctorReports) -> APIRouter:
    """`POST /api/doctor`, `GET /api/doctor`, `GET /api/doctor/{id}`."""
    router = APIRouter(prefix="/api/doctor", tags=["doctor"])
    wrong: dict[int | str, dict[str, Any]] = {422: {"model": ProblemShape}}
    missing: dict[int | str, dict[str, Any]] = {404: {"model": ProblemShape}}

    @router.post("", response_model=ReportShape, status_code=201, responses=wrong)
    def file(asked: ReportAsked) -> JSONResponse:
        """Keep a report. It is told as it was sent: nothing here proves it."""
        return JSONResponse(reports.put(asked.model_dump()), 201)

    @router.get("", response_model=ReportPage)
    def latest() -> JSONResponse:
        """The newest first; the last fifty are kept."""
        return JSONResponse({"items": reports.latest()})

    @router.get("/{report_id}", response_model=ReportShape, responses=missing)
    def one(report_id: str) -> JSONResponse:
        """One."""
        found = reports.get(report_id)
        if found is None:
            raise Problem(404, f"There is no report {report_id[:100]!r}.", parameter="id", value=report_id[:100])
        return JSONResponse(found)

    return router
