"""Scheduled jobs: whether one may run, asked by its scheduler, answered by the policy, recorded before the answer."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from dashboard.gateway_link import Gateway
from dashboard.problem import Problem
from dashboard.schemas import ProblemShape
from policies.decision import Verdict
from policies.scheduled_job import Scheduler


class JobAsked(BaseModel):
    """A job that is about to run. Its arguments are not asked for: they hold passwords."""

    model_config = ConfigDict(extra="forbid")

    job: str = Field(min_length=1, max_length=100, description="its name, as policies have it")
    program: str = Field("", max_length=1000)
    user: str = Field("", max_length=1000)
    machine: str = Field("", max_length=1000)
    scheduler: Scheduler = "cron"


class JobAnswered(BaseModel):
    """What the policy says, and the capture that was made of it."""

    run: bool
    capture: str
    verdict: Verdict
    rule: str
    reason: str


def schedule_routes(gateway: Gateway) -> APIRouter:
    """`POST /api/schedule`."""
    router = APIRouter(prefix="/api/schedule", tags=["schedule"])
    wrong = {"model": ProblemShape}

    @router.post("", response_model=JobAnswered, responses={422: wrong, 503: wrong})
    async def schedule(asked: JobAsked, request: Request) -> JSONResponse:
        """Whether the job may run. Anything but 200 with `run: true` means that it must not."""
        source = request.client.host if request.client else ""
        try:
            told = await gateway.schedule({**asked.model_dump(), "source": source})
        except ValueError as error:
            raise Problem(422, str(error)) from error
        if "unrecorded" in told:
            raise Problem(503, f"The job must not run, because it cannot be recorded: {told['unrecorded']}.")
        return JSONResponse(told)

    return router
