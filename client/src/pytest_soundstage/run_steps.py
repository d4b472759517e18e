"""Runs and windows over the API: opening, closing, finishing, judging. Steps without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_soundstage.ask import Ask, Steps
from pytest_soundstage.place import Place
from pytest_soundstage.scope import Scope
from pytest_soundstage.trouble import Inconclusive

__tracebackhide__ = True

Told = Mapping[str, Any]
"""JSON of the API: of a run with `id`, `variables`, `counts`, `gaps`, `canaries`, ...; of a window; of a judgement."""


def opened(name: str, **more: Any) -> Steps[Told]:
    """A new run, with its credentials and variables. Raises Refused without the admin's token."""
    told: Told = (yield Ask("POST", "/api/runs", body={"name": name, **more})).value
    return told


def own_place(place: Place, told: Told) -> Place:
    """Where a run is asked of with its own token, which opens nothing else. `told`: as it was opened."""
    return Place(place.url, told["api_token"])


def renewed(run: str) -> Steps[None]:
    """Its owner is still there. Raises Refused (409) where it is finished."""
    yield Ask("POST", f"/api/runs/{run}/renew", body={})


def run_told(run: str) -> Steps[Told]:
    """A run as it is now."""
    told: Told = (yield Ask("GET", f"/api/runs/{run}")).value
    return told


def finished(run: str, verdict: str | None = None) -> Steps[Told]:
    """End a run; ended twice is ended once."""
    body = {} if verdict is None else {"verdict": verdict}
    told: Told = (yield Ask("POST", f"/api/runs/{run}/finish", body=body)).value
    return told


def window_opened(run: str, name: str) -> Steps[Told]:
    """From now on what arrives is booked to this window. Raises Refused (409) where another is open."""
    told: Told = (yield Ask("POST", f"/api/runs/{run}/windows", body={"open": name})).value
    return told


def window_closed(scope: Scope) -> Steps[Told]:
    """Close a window once the application is quiet. Raises Inconclusive, with the window closed, where it is not."""
    settle = {"quiet": scope.quiet, "at_most": scope.at_most}
    body = {"close": scope.window, "settle": settle}
    told: Told = (yield Ask("POST", f"/api/runs/{scope.run}/windows", body=body, seconds=scope.at_most)).value
    if not told["settled"]:
        why = f"the application was not quiet within {scope.at_most:g} s at the end of {scope.name}: {told['why']}"
        raise Inconclusive(why)
    return told


def judged(run: str, text: str, file: str, *, allow_uncontained: bool, at_most: float) -> Steps[Told]:
    """What the whole run did, judged by an expectation file. Raises Refused for a file that is no good."""
    body = {"text": text, "file": file, "allow_uncontained": allow_uncontained}
    told: Told = (yield Ask("POST", f"/api/runs/{run}/verify", body=body, seconds=at_most + 30)).value
    return told
