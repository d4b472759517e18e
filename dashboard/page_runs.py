"""Runs: the latest, and one of them: what it did, how it was held, and expectation by expectation what came of it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard.page_part import PagePart, as_it_is
from dashboard.problem import Problem
from dashboard.rendering import Rendering, lasted
from dashboard.runs_link import RunsLink
from dashboard.verdicts import Judged, Verdicts
from ledger.reader import Reader
from policies.verification_result import RowResult

LATEST = 200
CONTAINED = {
    "namespace": "by namespaces: it had no other way out",
    "doctor": "as the doctor found in its place",
    "no": "no: a program that ignores its variables went round Soundstage",
}
ENDED = {
    "abandoned": "Nobody was heard of who owned it, and it was ended.",
    "expired": "It was open for a day, and was ended.",
    "parent": "The run around it was finished before it.",
}
LOST = {"heading": "No such run", "sentence": "It was never opened here, or retention has taken it."}


class NoRun(Problem):
    """The run that is asked for was never opened, or is not kept any more."""


class RunPages:
    """`/runs` and `/runs/{id}`. No page shows a run's credentials."""

    def __init__(self, link: RunsLink, reader: Reader, verdicts: Verdicts, rendering: Rendering) -> None:
        self._link = link
        self._reader = reader
        self._verdicts = verdicts
        self._rendering = rendering

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/runs", self.latest, methods=["GET"])
        router.add_api_route("/runs/{run_id}", self.one, methods=["GET"])
        return router

    def list_part(self, of: str) -> PagePart:
        """The list: of all of them, or of the `open` ones."""

        async def news() -> dict[str, Any]:
            told = await self._link.ask("run_list", {"open": True if of == "open" else None, "limit": LATEST})
            runs = [_outlined(run) for run in told["items"]]
            return {"runs": runs, "open_alone": of == "open", "most": LATEST}

        return PagePart("runs_part.html", news, as_it_is)

    def part(self, of: str) -> PagePart:
        """One run. Problem, with the status 404, where there is none."""

        async def news() -> tuple[Any, ...]:
            return await self._run(of), [judged.at for judged in self._verdicts.of(of)]

        async def values(found: Any) -> dict[str, Any]:
            return await asyncio.to_thread(self._told, found[0])

        return PagePart("run_part.html", news, values)

    async def latest(self, request: Request, show: str = "") -> HTMLResponse:
        of = "open" if show == "open" else ""
        return self._rendering.page(request, "runs.html", of=of, **await self.list_part(of).drawn())

    async def one(self, request: Request, run_id: str) -> HTMLResponse:
        try:
            drawn = await self.part(run_id).drawn()
        except NoRun:
            return self._rendering.page(request, "lost.html", 404, **LOST)
        return self._rendering.page(request, "run.html", **drawn)

    async def _run(self, run_id: str) -> dict[str, Any]:
        run = await self._link.run_show(run_id)
        if run is None:
            raise NoRun(404, f"There is no run {run_id[:100]!r}.")
        return run

    def _told(self, run: Mapping[str, Any]) -> dict[str, Any]:
        judged = [self._shown(one, run) for one in self._verdicts.of(run["id"])]
        values = {"how": CONTAINED.get(run["contained"], run["contained"]), "why_ended": ENDED.get(run["ended"], "")}
        run = {"unattributed": None, "children": None, **run}
        return {"run": run, "line": _outlined(run), "judged": judged, **values}

    def _shown(self, judged: Judged, run: Mapping[str, Any]) -> dict[str, Any]:
        """With what is still kept of the captures that its rows name: what was removed since is quoted no more."""
        names = {window["id"]: window["name"] for window in run["windows"]}
        closest = {one.id for row in judged.result.rows for one in row.closest}
        return {
            "at": judged.at,
            "file": judged.file,
            "window": None if judged.window is None else names.get(judged.window, judged.window),
            "result": judged.result,
            "rows": _by_outcome(judged.result.rows),
            "kept": {one for one in closest if self._reader.get(one) is not None},
        }


def _by_outcome(rows: Sequence[RowResult]) -> list[tuple[str, list[RowResult]]]:
    """What somebody has to look at comes first; each as it stands in its file."""
    found = [(name, [row for row in rows if row.outcome == name]) for name in ("failed", "inconclusive", "held")]
    return [(name, those) for name, those in found if those]


def _outlined(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run in a line: `state` is its verdict, or why it has none."""
    finished = run["finished_at"]
    return {
        "id": run["id"],
        "name": run["name"],
        "began": run["opened_at"],
        "lasted": None if finished is None else lasted(run["opened_at"], finished),
        "contained": "" if run["contained"] == "no" else run["contained"],
        "captures": run["counts"]["captures"],
        "left": run["counts"]["left"],
        "state": run["verdict"] or ("open" if run["open"] else "not judged"),
        "inside": run["parent"],
    }
