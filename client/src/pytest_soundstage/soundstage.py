"""Soundstage: the API for programs without pytest. Finds a running one, opens runs in it, and windows in those."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytest_soundstage.closing import closed
from pytest_soundstage.own_gateway import OwnGateway
from pytest_soundstage.place import named
from pytest_soundstage.run_steps import (
    Told,
    finished,
    judged,
    opened,
    own_place,
    renewed,
    run_told,
    window_opened,
)
from pytest_soundstage.scope import Scope
from pytest_soundstage.stage import Stage, window_scope
from pytest_soundstage.wire import Wire

__tracebackhide__ = True


class Soundstage(Stage):
    """A running Soundstage.

    Without arguments it is the one that SOUNDSTAGE_URL and SOUNDSTAGE_TOKEN name, else that of the data directory.
    Its collections hold what was captured in the run of SOUNDSTAGE_RUN, or, where that is not set, in all of it.
    Raises Unanswered where none is found.
    """

    def __init__(self, url: str | None = None, token: str | None = None, *, run: str | None = None) -> None:
        place = named(url, token)
        super().__init__(Wire(place), Scope(run or os.environ.get("SOUNDSTAGE_RUN") or None))

    @classmethod
    @contextmanager
    def started(cls, environ: Mapping[str, str] | None = None) -> Iterator[Soundstage]:
        """One of its own for a block: on free ports, stopped at the end, and gone with all that it captured.

        It is started as `--soundstage=auto` starts it. Raises Unanswered where it does not become ready.
        """
        gateway = OwnGateway(environ)
        place = gateway.start()
        try:
            with cls(place.url, place.token) as soundstage:
                soundstage.scope.run = None  # SOUNDSTAGE_RUN is another one's
                yield soundstage
        finally:
            gateway.stop()

    def __enter__(self) -> Soundstage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.wire.close()

    def open_run(self, name: str = "", **options: Any) -> Run:
        """A new run. Options are those of `POST /api/runs`: `id`, `sources`, `listener`, `canaries`, `parent`, `lease`.

        With the token of a run, as inside `soundstage run`, it is opened inside that one.
        """
        told = self.wire.run(opened(name, **options))
        return Run(wire_of(self.wire, told), told)

    @contextmanager
    def run(self, name: str = "", **options: Any) -> Iterator[Run]:
        """A new run for a block, finished at its end."""
        run = self.open_run(name, **options)
        try:
            yield run
        finally:
            run.finish()


def wire_of(wire: Wire, told: Told) -> Wire:
    """What opens the run that was just opened: inside another it is its own token, which opens nothing else."""
    return Wire(own_place(wire.place, told)) if told.get("parent") else wire


class Run(Stage):
    """An open run. `variables` lead a program into it."""

    def __init__(self, wire: Wire, told: Told) -> None:
        super().__init__(wire, Scope(told["id"], opened_at=told["opened_at"]))
        self.id: str = told["id"]
        self.name: str = told["name"]
        self._inside = bool(told.get("parent"))
        """Then its wire is its own."""
        self.variables: dict[str, str] = dict(told.get("variables") or {})
        self.proxy: Mapping[str, Any] = told.get("proxy") or {}
        self.smtp: Mapping[str, Any] = told.get("smtp") or {}

    def told(self) -> Told:
        """The run as the API shows it now."""
        return self.wire.run(run_told(self.id))

    def open_window(self, name: str) -> Window:
        """Book what arrives from now on to a window. Raises Refused where one is open."""
        return Window(self.wire, window_scope(self.scope, self.wire.run(window_opened(self.id, name))))

    @contextmanager
    def window(self, name: str) -> Iterator[Window]:
        """A window for a block, closed when the application is quiet. Raises Inconclusive where it is not."""
        window = self.open_window(name)
        try:
            yield window
        finally:
            window.close()

    def verify(self, text: str, file: str = "expect.yaml", *, allow_uncontained: bool = False) -> Told:
        """The run judged by expectations: `verdict` is clean, violated or inconclusive."""
        steps = judged(self.id, text, file, allow_uncontained=allow_uncontained, at_most=self.scope.at_most)
        return self.wire.run(steps)

    def renew(self) -> None:
        """Say that this program is still there. Of a run with a lease; all else that is asked of it says so too."""
        self.wire.run(renewed(self.id))

    def finish(self, verdict: str | None = None) -> Told:
        """End the run; its credentials are nobody's from now on, or those of the run around it."""
        try:
            return self.wire.run(finished(self.id, verdict))
        finally:
            if self._inside:
                self.wire.close()


class Window(Stage):
    """An open window of a run: a test's own."""

    def __init__(self, wire: Wire, scope: Scope) -> None:
        super().__init__(wire, scope)
        self.name = scope.name

    def close(self) -> Told:
        """Close it once the application is quiet.

        Raises, with the window closed, Inconclusive where it is not quiet, NotAsExpected for what came after it was
        said that there is none.
        """
        return self.wire.run(closed(self.wire.place, self.scope))
