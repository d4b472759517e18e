"""AsyncSoundstage: `soundstage.py` again, to be awaited."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pytest_soundstage.closing import closed
from pytest_soundstage.place import named
from pytest_soundstage.run_steps import Told, finished, judged, opened, own_place, renewed, run_told, window_opened
from pytest_soundstage.scope import Scope
from pytest_soundstage.stage import AsyncStage, window_scope
from pytest_soundstage.wire import AsyncWire

__tracebackhide__ = True


class AsyncSoundstage(AsyncStage):
    """A running Soundstage, found like `Soundstage`. Raises Unanswered where none is."""

    def __init__(self, url: str | None = None, token: str | None = None, *, run: str | None = None) -> None:
        place = named(url, token)
        super().__init__(AsyncWire(place), Scope(run or os.environ.get("SOUNDSTAGE_RUN") or None))

    async def open_run(self, name: str = "", **options: Any) -> AsyncRun:
        """A new run. Options are those of `POST /api/runs`: `id`, `sources`, `listener`, `canaries`, `parent`, `lease`.

        With the token of a run, as inside `soundstage run`, it is opened inside that one.
        """
        told = await self.wire.run(opened(name, **options))
        wire = AsyncWire(own_place(self.wire.place, told)) if told.get("parent") else self.wire
        return AsyncRun(wire, told)

    @asynccontextmanager
    async def run(self, name: str = "", **options: Any) -> AsyncIterator[AsyncRun]:
        """A new run for a block, finished at its end."""
        run = await self.open_run(name, **options)
        try:
            yield run
        finally:
            await run.finish()


class AsyncRun(AsyncStage):
    """An open run. `variables` lead a program into it."""

    def __init__(self, wire: AsyncWire, told: Told) -> None:
        super().__init__(wire, Scope(told["id"], opened_at=told["opened_at"]))
        self.id: str = told["id"]
        self.name: str = told["name"]
        self.variables: dict[str, str] = dict(told.get("variables") or {})
        self.proxy: Mapping[str, Any] = told.get("proxy") or {}
        self.smtp: Mapping[str, Any] = told.get("smtp") or {}

    async def told(self) -> Told:
        """The run as the API shows it now."""
        return await self.wire.run(run_told(self.id))

    async def open_window(self, name: str) -> AsyncWindow:
        """Book what arrives from now on to a window. Raises Refused where one is open."""
        told = await self.wire.run(window_opened(self.id, name))
        return AsyncWindow(self.wire, window_scope(self.scope, told))

    @asynccontextmanager
    async def window(self, name: str) -> AsyncIterator[AsyncWindow]:
        """A window for a block, closed when the application is quiet. Raises Inconclusive where it is not."""
        window = await self.open_window(name)
        try:
            yield window
        finally:
            await window.close()

    async def verify(self, text: str, file: str = "expect.yaml", *, allow_uncontained: bool = False) -> Told:
        """The run judged by expectations: `verdict` is clean, violated or inconclusive."""
        steps = judged(self.id, text, file, allow_uncontained=allow_uncontained, at_most=self.scope.at_most)
        return await self.wire.run(steps)

    async def renew(self) -> None:
        """Say that this program is still there. Of a run with a lease; all else that is asked of it says so too."""
        await self.wire.run(renewed(self.id))

    async def finish(self, verdict: str | None = None) -> Told:
        """End the run; its credentials are nobody's from now on, or those of the run around it."""
        return await self.wire.run(finished(self.id, verdict))


class AsyncWindow(AsyncStage):
    """An open window of a run: a test's own."""

    def __init__(self, wire: AsyncWire, scope: Scope) -> None:
        super().__init__(wire, scope)
        self.name = scope.name

    async def close(self) -> Told:
        """Close it once the application is quiet.

        Raises, with the window closed, Inconclusive where it is not quiet, NotAsExpected for what came after it was
        said that there is none.
        """
        return await self.wire.run(closed(self.wire.place, self.scope))
