"""Closing a window: what arrives while it comes to rest is held against what its test said did not happen. No I/O.

An application that sends a moment later than the test asks would else be booked to the test, and nobody would have
looked at it.
"""

from __future__ import annotations

from pytest_soundstage.ask import Steps
from pytest_soundstage.match import Shown
from pytest_soundstage.place import Place
from pytest_soundstage.run_steps import Told, window_closed
from pytest_soundstage.scope import Denied, Scope, captures, detail
from pytest_soundstage.search import is_side_effect
from pytest_soundstage.telling import listed
from pytest_soundstage.trouble import NotAsExpected

__tracebackhide__ = True


def closed(place: Place, scope: Scope) -> Steps[Told]:
    """Close it once the application is quiet. Raises Inconclusive where it is not, NotAsExpected for what came late."""
    before: set[str] = set()
    if scope.denied:
        before = {one["id"] for one in (yield from captures(scope))}
    told = yield from window_closed(scope)
    late = (yield from _denied(scope, before)) if scope.denied else []
    if late:
        lines = "\n".join(listed(place, late))
        why = "after it was said that there is no such thing, or no more; wait for what the application does later"
        raise NotAsExpected(f"{len(late)} arrived {scope} {why}:\n{lines}")
    return told


def _denied(scope: Scope, before: set[str]) -> Steps[list[Shown]]:
    """What is new since then and was said not to be."""
    found: list[Shown] = []
    for one in (yield from captures(scope)):
        if one["id"] in before or {one["id"], one.get("attempt_of")} & scope.claimed:
            continue
        for denied in scope.denied:
            if (yield from _is_that(scope, denied, one)):
                found.append(one)
                break
    return found


def _is_that(scope: Scope, denied: Denied, one: Shown) -> Steps[bool]:
    match = denied.match
    if match is None:
        return is_side_effect(one) if denied.what == "else" else bool(one["left"])
    if denied.channel not in (None, one["channel"]) or not match.perhaps(one):
        return False
    return bool(match.fits((yield from detail(scope, one["id"])))) if match.needs_detail else True
