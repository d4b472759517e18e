"""Scope: what a test looks at (a run, one window of it), what it has claimed there, and how it asks. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pytest_soundstage.ask import Ask, Steps
from pytest_soundstage.trouble import Inconclusive

__tracebackhide__ = True

MOST = 1000
"""Captures of one page of the API."""


class Denied(NamedTuple):
    """`what` is `match`, of what a `Match` fits, `else`, of any other side effect, or `left`, of what was real."""

    what: str
    channel: str | None
    match: Any


@dataclass
class Scope:
    """A part of what was captured. `window` is a window's id, "none" for outside windows, None for all of the run."""

    run: str | None = None
    window: str | None = None
    name: str = ""
    opened_at: str | None = None
    timeout: float = 10.0
    """Seconds that a wait lasts where the test says nothing else."""
    quiet: float = 0.25
    """Seconds without anything new after which the application counts as quiet."""
    at_most: float = 10.0
    """Seconds to wait for that."""
    claimed: set[str] = field(default_factory=set)
    """Ids of captures that a call of the test has matched."""
    waited: set[str] = field(default_factory=set)
    """Ids of captures that a wait has returned."""
    details: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    denied: list[Denied] = field(default_factory=list)
    """What was said not to be there, or no more of."""
    deniers: list[str] = field(default_factory=list)
    """Where that was said; shared by a run and its windows."""

    def query(self, channel: str | None = None) -> dict[str, Any]:
        """The API's filters for it."""
        all_of_it = {"run": self.run, "window": self.window, "channel": channel}
        return {name: value for name, value in all_of_it.items() if value is not None}

    def deny(self, what: str, channel: str | None = None, match: Any = None) -> None:
        """Note that a test was told so, to be held against what comes later."""
        self.denied.append(Denied(what, channel, match))
        self.deniers.append(self.name or str(self))

    def __str__(self) -> str:
        if self.window == "none":
            return f"outside the windows of run {self.run}"
        if self.window is not None:
            return f"in {self.name or self.window}"
        return f"in run {self.run}" if self.run else "anywhere"


def captures(scope: Scope, channel: str | None = None, **more: Any) -> Steps[list[dict[str, Any]]]:
    """All captures of a scope, oldest first."""
    found: list[dict[str, Any]] = []
    query = {**scope.query(channel), **more, "limit": MOST}
    while True:
        page = (yield Ask("GET", "/api/captures", query)).value
        found += page["items"]
        if page["next"] is None:
            return found[::-1]
        query["after"] = page["next"]


def detail(scope: Scope, capture: str) -> Steps[Mapping[str, Any]]:
    """One capture with its detail, asked for once."""
    if capture not in scope.details:
        scope.details[capture] = (yield Ask("GET", f"/api/captures/{capture}")).value
    return scope.details[capture]


def details(scope: Scope, found: Iterable[Mapping[str, Any]]) -> Steps[list[Mapping[str, Any]]]:
    """Each with its detail."""
    ids = [one["id"] for one in found]
    for one in ids:
        yield from detail(scope, one)
    return [scope.details[one] for one in ids]


def settle(scope: Scope) -> Steps[None]:
    """Wait until nothing is unfinished: what did not happen by then did not happen. Raises Inconclusive."""
    if scope.run is None:
        raise Inconclusive("that something did not happen can be said of a run alone: open one, or set SOUNDSTAGE_RUN")
    body = {"quiet": scope.quiet, "at_most": scope.at_most}
    told = (yield Ask("POST", f"/api/runs/{scope.run}/settle", body=body, seconds=scope.at_most)).value
    if not told["reached"]:
        raise Inconclusive(f"the application was not quiet within {scope.at_most:g} s: {told['why']}")
