"""GatewayRuns: what the gateway answers about runs. It alone changes them; the dashboard only passes questions on."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from ledger.run import RunConflict, UnknownRun, checked_id, made_id
from ledger.runs import Runs
from ledger.trouble import LedgerUnavailable
from policies.http_request import RunClaim
from proxy.listener import PortInUse
from sinks.in_flight import InFlight
from soundstage.control_server import Asked
from soundstage.gateway_runs_listeners import RunListeners
from soundstage.gateway_runs_read import RunReader
from soundstage.gateway_runs_settle import Settled, Settling, caught_up
from soundstage.gateway_runs_shown import RunShower, shown_window
from soundstage.gateway_runs_watch import RunWatch

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (UnknownRun, 404),
    (RunConflict, 409),
    (PortInUse, 409),
    (ValueError, 422),
    (LedgerUnavailable, 503),
    (OSError, 503),
)
_BY_ITS_OWNER = frozenset({"contained", "open_window", "close_window", "settle"})
"""Questions that a run's owner alone asks: each renews its lease. Anybody may look at it, and keeps nothing alive."""
Question = Callable[["GatewayRuns", dict[str, Any]], Awaitable[dict[str, Any]]]


def _answered(question: Question) -> Question:
    """What the caller must change is told as `{"problem": {"status", "detail"}}`, as HTTP counts statuses."""

    @functools.wraps(question)
    async def answer(self: "GatewayRuns", given: dict[str, Any]) -> dict[str, Any]:
        try:
            if given.get("run") and question.__name__ in _BY_ITS_OWNER:
                # A barrier may take longer than the lease, and whoever waits for it renews nothing meanwhile.
                self._watch.called(given["run"], _at_most(given))
            return await question(self, given)
        except tuple(kind for kind, _ in _STATUS) as error:
            status = next(status for kind, status in _STATUS if isinstance(error, kind))
            said = str(error).rstrip(".")
            return {"problem": {"status": status, "detail": said[:1].upper() + said[1:] + "."}}

    return answer


class GatewayRuns:
    """One method a question. Built once, when every listener is open."""

    def __init__(
        self,
        runs: Runs,
        in_flight: InFlight,
        settling: Settling,
        listeners: RunListeners,
        shower: RunShower,
        watch: RunWatch,
    ) -> None:
        self._runs = runs
        self._in_flight = in_flight
        self._settling = settling
        self._listeners = listeners
        self._reader = RunReader(runs, shower)
        self._watch = watch
        self._closing: set[asyncio.Future[None]] = set()
        self._loop = asyncio.get_running_loop()
        runs.finished.append(self._ended)
        for run_id in runs.open_ids:
            in_flight.watch(run_id)

    def answers(self) -> dict[str, Asked]:
        """By the question's name."""
        return {
            "run_open": self.open,
            "run_list": self.list,
            "run_show": self.show,
            "run_finish": self.finish,
            "run_contained": self.contained,
            "window_open": self.open_window,
            "window_close": self.close_window,
            "settle": self.settle,
            "run_renew": self.renew,
        }

    async def reopen_listeners(self) -> None:
        """After a restart: the runs that are open still get the ports they had."""
        for run_id in self._runs.open_ids:
            held = self._runs.held(run_id)
            if held is not None and held.run.listener is not None:
                await self._listeners.reopen(self._claim(run_id), held.run.listener)

    @_answered
    async def open(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{name?, id?, sources?, listener?, canaries?, services?, parent?, lease?}`: the run, with its secrets."""
        run_id = checked_id(given["id"]) if given.get("id") else made_id("run-")
        if given.get("parent") is not None and given.get("listener"):
            raise ValueError(f"a run inside another, {given['parent']!r}, comes by its ways and has no listener")
        begin = functools.partial(
            self._runs.open,
            run_id,
            given.get("name") or run_id,
            datetime.now(UTC),
            sources=tuple(given.get("sources") or ()),
            canaries=bool(given.get("canaries")),
            services=tuple(given.get("services") or ()),
            parent=given.get("parent"),
            lease=given.get("lease"),
        )
        await asyncio.to_thread(begin)
        self._in_flight.watch(run_id)
        if given.get("listener"):
            await self._listen(run_id)
        return await self._shown(run_id, secrets=True)

    @_answered
    async def list(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{open: true | false | null, limit}`: runs without secrets, the latest begun first."""
        return {"items": await asyncio.to_thread(self._reader.newest, given.get("open"), given.get("limit") or 100)}

    @_answered
    async def show(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{run}`: with secrets, while it is open."""
        self._watch.look()
        return await self._shown(given["run"], secrets=True)

    @_answered
    async def finish(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{run, verdict?, itself?}`. A command that is contained must not be judged by what came before it said so."""
        run_id = given["run"]
        held = self._runs.held(run_id)
        if given.get("itself") and held is not None and held.run.contained == "namespace":
            raise RunConflict(f"the run {run_id!r} is ended by the `soundstage run` that contains it, not by itself")
        if held is not None:
            await caught_up()  # what its ports hold is gone when they are closed
            for one in self._runs.family(run_id):
                self._note_unfinished(one)
        await self._write_pending()
        await asyncio.to_thread(self._runs.finish, run_id, given.get("verdict"), datetime.now(UTC))
        await self._listeners.close(run_id)
        return await self._shown(run_id)

    @_answered
    async def renew(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{run}`: its owner is still there."""
        held = await asyncio.to_thread(self._runs.opened, given["run"])
        self._watch.called(given["run"])
        return {"run": held.run.id, "lease": held.run.lease}

    @_answered
    async def contained(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{run, how}`: `namespace` or `doctor`."""
        await asyncio.to_thread(self._runs.contained, given["run"], str(given["how"]))
        return await self._shown(given["run"])

    @_answered
    async def open_window(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{run, name}`. In force when this is answered."""
        name = str(given["name"])
        return shown_window(await asyncio.to_thread(self._runs.open_window, given["run"], name, datetime.now(UTC)))

    @_answered
    async def close_window(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{run, window, settle?: {quiet, at_most}}`: closed after the barrier, reached or not."""
        settled: dict[str, Any] = {"settled": None, "why": None}
        if given.get("settle") is not None:
            # Also where it is closed already: what is under way may have been begun in it.
            told = await self._at_rest(given["run"], given["settle"])
            settled = {"settled": told.reached, "why": told.why}
        close = functools.partial(self._runs.close_window, given["run"], str(given["window"]), datetime.now(UTC))
        return {**shown_window(await asyncio.to_thread(close)), **settled}

    @_answered
    async def settle(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{run, quiet, at_most}`."""
        self._watch.look()
        return (await self._at_rest(given["run"], given)).told()

    async def _at_rest(self, run_id: str, asked: dict[str, Any]) -> Settled:
        """What came of one that was ended by others than its owner is not its own: nobody knows whether there was any.

        Raises UnknownRun.
        """
        told = await self._settling.settle(run_id, **_barrier(asked))
        if self._runs.held(run_id) is not None:
            return told
        story = await asyncio.to_thread(self._runs.archive.find, run_id)
        if story is None:
            raise UnknownRun(f"there is no run {run_id[:100]!r}")
        if story.run.ended is None:
            return told
        why = f"it was ended ({story.run.ended}) before its owner did, and what came since is not booked to it."
        return Settled(False, why, told.waited)

    async def _listen(self, run_id: str) -> None:
        """Give a run its own ports. One that cannot have them is not begun."""
        try:
            places = await self._listeners.open(self._claim(run_id))
            await asyncio.to_thread(functools.partial(self._runs.change, run_id, listener=places))
        except BaseException:
            await asyncio.to_thread(self._runs.finish, run_id, "inconclusive", datetime.now(UTC))
            raise

    async def _shown(self, run_id: str, *, secrets: bool = False) -> dict[str, Any]:
        return await asyncio.to_thread(functools.partial(self._reader.one, run_id, secrets=secrets))

    def _note_unfinished(self, run_id: str) -> None:
        """What is not whole when its run ends will be nobody's: the run does not show all that it did."""
        work = next(self._in_flight.of_run(run_id, self._runs.looked_up), None)
        if work is not None:
            now = datetime.now(UTC)
            self._runs.troubles.note(
                [run_id], now, now, f"{work.what} of it was still unfinished when it was finished."
            )

    async def _write_pending(self) -> None:
        self._watch.look()
        await asyncio.to_thread(self._runs.troubles.write)

    def _claim(self, run_id: str) -> RunClaim:
        return RunClaim(run_id, self._runs.keys.token(run_id))

    def _ended(self, run_id: str) -> None:
        """Told by whichever thread ended it."""
        self._loop.call_soon_threadsafe(self._forget, run_id)

    def _forget(self, run_id: str) -> None:
        self._in_flight.forget(run_id)
        closing = asyncio.ensure_future(self._listeners.close(run_id))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _at_most(given: dict[str, Any]) -> float:
    """Seconds that whoever asked may have to wait: of `settle`, or of closing a window after it."""
    told = given.get("settle") or given
    return float(told.get("at_most", 0.0))


def _barrier(given: dict[str, Any]) -> dict[str, float]:
    return {"quiet": float(given.get("quiet", 0.25)), "at_most": float(given.get("at_most", 10.0))}
