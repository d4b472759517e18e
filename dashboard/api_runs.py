"""The runs API: begin, look, finish, windows, settle. Shapes and errors are contract.md's; the gateway answers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse

from dashboard.api_runs_shapes import (
    BarrierAsked,
    ContainedAsked,
    FinishAsked,
    RenewedAnswer,
    Responses,
    RunAsked,
    RunPage,
    RunShape,
    SettledAnswer,
    WindowAsked,
    WindowShape,
)
from dashboard.once_each import once_each
from dashboard.own_run import own_run
from dashboard.problem import Problem
from dashboard.runs_link import PATIENCE, RunsLink
from dashboard.schemas import ProblemShape

_WRONG: Responses = {422: {"model": ProblemShape}}
_MISSING: Responses = {404: {"model": ProblemShape}, **_WRONG}
_TAKEN: Responses = {409: {"model": ProblemShape}, **_MISSING}


class RunsApi:
    """Everything under `/api/runs` but verifying."""

    def __init__(self, link: RunsLink) -> None:
        self._link = link

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/api/runs", tags=["runs"], dependencies=[Depends(once_each)])
        get, post = router.get, router.post
        post("", response_model=RunShape, status_code=201, responses=_TAKEN)(self.begin)
        get("", response_model=RunPage, responses=_WRONG)(self.list_runs)
        get("/{run_id}", response_model=RunShape, responses=_MISSING)(self.one_run)
        post("/{run_id}/finish", response_model=RunShape, responses=_TAKEN)(self.finish)
        opened: Responses = {201: {"model": WindowShape, "description": "opened"}, **_TAKEN}
        post("/{run_id}/windows", response_model=WindowShape, responses=opened)(self.windows)
        post("/{run_id}/settle", response_model=SettledAnswer, responses=_MISSING)(self.settle)
        post("/{run_id}/renew", response_model=RenewedAnswer, responses=_TAKEN)(self.renew)
        post("/{run_id}/contained", response_model=RunShape, responses=_TAKEN)(self.contained)
        return router

    async def begin(self, asked: RunAsked, request: Request) -> JSONResponse:
        """Begin a run. The answer has its credentials, which are shown again as long as it is open.

        With a run's own token it is opened inside that run, under an id that nobody chose.
        """
        given = asked.model_dump()
        own = own_run(request)
        if own is not None:
            if asked.id is not None or asked.parent not in (None, own):
                raise Problem(403, f"The token of the run {own!r} opens runs inside it, and chooses no ids.")
            given["parent"] = own
        return _json(await self._link.ask("run_open", given), 201)

    async def list_runs(
        self,
        is_open: Annotated[bool | None, Query(alias="open")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> JSONResponse:
        """The latest begun first, without secrets."""
        return _json(await self._link.ask("run_list", {"open": is_open, "limit": limit}))

    async def one_run(self, run_id: str) -> JSONResponse:
        """One, with its counts, windows and gaps."""
        return _json(await self._link.ask("run_show", {"run": run_id}))

    async def finish(self, run_id: str, request: Request, asked: FinishAsked | None = None) -> JSONResponse:
        """End it. Ending it twice is ending it once. One that is contained by namespaces does not end itself."""
        given = {"run": run_id, "verdict": None if asked is None else asked.verdict}
        return _json(await self._link.ask("run_finish", {**given, "itself": own_run(request) is not None}))

    async def windows(self, run_id: str, asked: WindowAsked) -> JSONResponse:
        """Open a test's window on it, or close that, after a settle barrier where one is asked for."""
        if asked.open is not None:
            return _json(await self._link.ask("window_open", {"run": run_id, "name": asked.open}), 201)
        settle = None if asked.settle is None else asked.settle.model_dump()
        patience = PATIENCE + (0.0 if asked.settle is None else asked.settle.at_most)
        given = {"run": run_id, "window": asked.close, "settle": settle}
        return _json(await self._link.ask("window_close", given, patience))

    async def settle(self, run_id: str, asked: BarrierAsked | None = None) -> JSONResponse:
        """Wait until nothing of it is unfinished, all of it is on record, and nothing more has come for a while."""
        barrier = asked or BarrierAsked()
        return _json(await self._link.settle(run_id, barrier.quiet, barrier.at_most))

    async def renew(self, run_id: str) -> JSONResponse:
        """Say that its owner is still there. So does everything else that its owner asks of it."""
        return _json(await self._link.ask("run_renew", {"run": run_id}))

    async def contained(self, run_id: str, asked: ContainedAsked) -> JSONResponse:
        """Note that nothing of it can go round Soundstage, as was shown."""
        return _json(await self._link.ask("run_contained", {"run": run_id, "how": asked.how}))


def _json(told: dict[str, Any], code: int = 200) -> JSONResponse:
    return JSONResponse(told, code, headers={"cache-control": "no-store"})
