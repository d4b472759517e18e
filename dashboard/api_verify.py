"""`POST /api/runs/{id}/verify`: expectations in, a verdict out, once the run has settled."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol
from weakref import WeakValueDictionary

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from dashboard.api_verify_shapes import Verified, VerifyAsked
from dashboard.own_run import own_run
from dashboard.problem import Problem
from dashboard.run_evidence import EvidenceLimits, RunEvidence
from dashboard.run_state import state_of, stretch_of, window_of
from dashboard.schemas import ProblemShape
from dashboard.verdicts import Verdicts
from ledger.reader import Reader
from policies.expectation import NOTHING_REAL, Expectations
from policies.expectation_file import ExpectationError, read_expectations
from policies.expectation_names import Names, asks_names
from policies.verification import verify
from policies.verification_result import Result, Settled

AT_ONCE = 2
"""Verifications that may run side by side: each reads a whole run."""


class RunQuestions(Protocol):
    """What is asked of the gateway. Raises GatewayUnreachable where it does not answer."""

    async def run_show(self, run_id: str) -> dict[str, Any] | None:
        """The run's JSON; None where there is none."""
        ...

    async def names(self) -> dict[str, Any]:
        """The names that the packs in use know: `policies.expectation_names.Names.as_json`."""
        ...

    async def settle(self, run_id: str, quiet: float, at_most: float) -> dict[str, Any]:
        """`{"reached": bool, "why": str | None, "waited": seconds}`."""
        ...


class VerifyApi:
    """Settles through the gateway, then judges what the ledger holds, in a thread."""

    def __init__(
        self,
        reader: Reader,
        gateway: RunQuestions,
        limits: EvidenceLimits | None = None,
        verdicts: Verdicts | None = None,
    ) -> None:
        """`verdicts`: where each result is kept for who looks later."""
        self._verdicts = verdicts or Verdicts()
        self._reader = reader
        self._gateway = gateway
        self._limits = limits or EvidenceLimits()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._of_run: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One run is verified once at a time, so that whoever asks again and again keeps no other run waiting."""

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/api/runs", tags=["runs"])
        wrong: dict[int | str, dict[str, Any]] = {404: {"model": ProblemShape}, 422: {"model": ProblemShape}}
        router.post("/{run_id}/verify", response_model=Verified, responses=wrong)(self.verify)
        return router

    async def verify(self, run_id: str, asked: VerifyAsked, request: Request) -> JSONResponse:
        """Judge a run, or a window of it. A file that is refused is not judged in part."""
        result = await self.result(run_id, asked)
        self._verdicts.keep(result, asked.window, None if asked.text is None else asked.file)
        return JSONResponse((result if own_run(request) is None else _its_own(result)).as_contract())

    async def result(self, run_id: str, asked: VerifyAsked) -> Result:
        """Raises Problem for a run, a window or a file that is none."""
        expectations = await _expectations(asked, self._gateway)
        window_of(await self._run(run_id), asked.window)
        told = await self._gateway.settle(run_id, expectations.settle.quiet, expectations.settle.at_most)
        async with self._of_run.setdefault(run_id, asyncio.Lock()), self._turns:
            seen = await self._seen(run_id)
            result = await asyncio.to_thread(self._judged, *seen, asked, expectations, Settled(**told))
            # What was taken from it while it was read is noted on it by now, and was not when it was looked at.
            again = await self._seen(run_id)
            if _troubles(*again) != _troubles(*seen):
                result = await asyncio.to_thread(self._judged, *again, asked, expectations, Settled(**told))
            return result

    async def _seen(self, run_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The run, and the one that it was opened inside of."""
        run = await self._run(run_id)
        return run, None if run["parent"] is None else await self._gateway.run_show(run["parent"])

    async def _run(self, run_id: str) -> dict[str, Any]:
        run = await self._gateway.run_show(run_id)
        if run is None:
            raise Problem(404, f"There is no run {run_id[:200]!r}.", parameter="id", value=run_id[:200])
        return run

    def _judged(
        self,
        run: Mapping[str, Any],
        around: Mapping[str, Any] | None,
        asked: VerifyAsked,
        expectations: Expectations,
        settled: Settled,
    ) -> Result:
        window = window_of(run, asked.window)
        evidence = RunEvidence(
            self._reader,
            state_of(run, window, settled, around),
            stretch_of(run, window),
            window=asked.window,
            limits=self._limits,
        )
        return verify(expectations, evidence, allow_uncontained=asked.allow_uncontained)


def _troubles(*seen: Mapping[str, Any] | None) -> list[tuple[Any, ...]]:
    """What casts doubt on the evidence of runs, and of those inside them."""
    every = [one for run in seen if run is not None for one in (run, *run["children"])]
    return [(one["gaps"], one["ended"], one["counts"]["wrong_token"]) for one in every]


def _its_own(result: Result) -> Result:
    """Without what a run's own token does not open: captures that are nobody's may be somebody else's."""
    rows = (replace(row, captures=(), closest=()) if row.kind == "unattributed" else row for row in result.rows)
    return replace(result, rows=tuple(rows))


async def _expectations(asked: VerifyAsked, gateway: RunQuestions) -> Expectations:
    if asked.text is None:
        return NOTHING_REAL
    try:
        read = read_expectations(asked.text, asked.file)
        if not asks_names((*read.expect, *read.never)):
            return read
        return read_expectations(asked.text, asked.file, Names.read(await gateway.names()))
    except ExpectationError as error:
        problems = [
            {"file": one.file, "line": one.line, "field": one.field, "what": one.what} for one in error.problems
        ]
        raise Problem(422, str(error), problems=problems) from error
