"""Search: waiting for, finding, counting captures, and saying that there are none. Steps without I/O.

Whatever says that something did *not* happen first waits for the settle barrier: a test must not pass because it was
faster than the application.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pytest_soundstage.ask import Ask, Steps
from pytest_soundstage.match import Match, Shown
from pytest_soundstage.place import Place
from pytest_soundstage.scope import MOST, Scope, captures, detail, details, settle
from pytest_soundstage.telling import instead, listed
from pytest_soundstage.trouble import NotAsExpected

__tracebackhide__ = True

LONGEST_WAIT = 50.0
"""Seconds of one long poll; the API takes at most 60."""
# Not as a name of this module: libraries that freeze time for a test replace it there.
CLOCK = {"now": time.monotonic}


class Search:
    """Looks for one kind of capture in a scope. `channel` None looks at every kind."""

    def __init__(self, place: Place, scope: Scope, channel: str | None) -> None:
        self.place, self.scope, self.channel = place, scope, channel

    def wait_for(self, timeout: float | None, expected: Mapping[str, Any]) -> Steps[Mapping[str, Any]]:
        """The next that fits and that no wait has returned yet. Raises NotAsExpected once `timeout` is over."""
        match = Match(expected)
        seconds = self.scope.timeout if timeout is None else timeout
        until, seen, in_time = CLOCK["now"]() + seconds, 0, True
        while in_time:
            left = until - CLOCK["now"]()
            in_time = left > 0
            items = yield from self._more_than(seen, max(left, 0.0))
            for one in reversed(items):
                if one["id"] not in self.scope.waited and (yield from self._fits(match, one)):
                    self.scope.waited.add(one["id"])
                    self.scope.claimed.add(one["id"])
                    return (yield from detail(self.scope, one["id"]))
            seen = max(seen, len(items))
        told = yield from instead(self.place, self.scope, self.channel, match)
        before = len(self.scope.waited)
        again = f"; the {before} that earlier waits returned are not returned again" if before else ""
        raise NotAsExpected(f"no {self._kind(match)} came within {seconds:g} s{again}\n{told}")

    def one(self, timeout: float | None, expected: Mapping[str, Any]) -> Steps[Mapping[str, Any]]:
        """The only one that fits: waits until there is one, then until it is sure that there is no second."""
        match = Match(expected)
        yield from self._until_one(match, self.scope.timeout if timeout is None else timeout)
        found = yield from self.all(expected)
        if len(found) == 1:
            return (yield from detail(self.scope, found[0]["id"]))
        if not found:
            told = yield from instead(self.place, self.scope, self.channel, match)
            raise NotAsExpected(f"there is no {self._kind(match)}\n{told}")
        lines = "\n".join(listed(self.place, found))
        raise NotAsExpected(f"there are {len(found)}, not one, {self._kind(match)} {self.scope}:\n{lines}")

    def all(self, expected: Mapping[str, Any]) -> Steps[list[Mapping[str, Any]]]:
        """Every one that fits, oldest first. A repeat with the same idempotency key is one with what it repeats."""
        match = Match(expected)
        yield from settle(self.scope)
        self.scope.deny("match", self.channel, match)
        every: list[Shown] = list((yield from captures(self.scope, self.channel)))
        found = [one for one in every if match.perhaps(one)]
        if match.needs_detail:
            found = [one for one in (yield from details(self.scope, found)) if match.fits(one)]
        self.scope.claimed |= {one["id"] for one in found}
        first = {one["id"] for one in found}
        return [one for one in found if one.get("attempt_of") not in first]

    def all_in_detail(self, expected: Mapping[str, Any]) -> Steps[list[Mapping[str, Any]]]:
        return (yield from details(self.scope, (yield from self.all(expected))))

    def count(self, expected: Mapping[str, Any]) -> Steps[int]:
        return len((yield from self.all(expected)))

    def none(self, expected: Mapping[str, Any]) -> Steps[None]:
        """Raises NotAsExpected if there is one, Inconclusive if that cannot be known yet."""
        claimed = set(self.scope.claimed)
        found = yield from self.all(expected)
        self.scope.claimed = claimed
        if found:
            lines = "\n".join(listed(self.place, found))
            kind = self._kind(Match(expected))
            raise NotAsExpected(f"there should be no {kind}, and there are {len(found)} {self.scope}:\n{lines}")

    def _until_one(self, match: Match, seconds: float) -> Steps[None]:
        until, seen, in_time = CLOCK["now"]() + seconds, 0, True
        while in_time:
            left = until - CLOCK["now"]()
            in_time = left > 0
            items = yield from self._more_than(seen, max(left, 0.0))
            for one in items:
                if (yield from self._fits(match, one)):
                    return
            seen = max(seen, len(items))

    def _more_than(self, seen: int, seconds: float) -> Steps[list[dict[str, Any]]]:
        """What there is once there is more than was seen, or once the seconds are over. The server waits, not we."""
        if seen >= MOST:
            raise NotAsExpected(f"more than {MOST} captures {self.scope} did not match; use windows to look at fewer")
        seconds = min(seconds, LONGEST_WAIT)
        query = {**self.scope.query(self.channel), "count": seen + 1, "limit": MOST, "timeout": f"{seconds:.3f}"}
        answer = yield Ask("GET", "/api/captures/wait", query, seconds=seconds, also=(408,))
        items: list[dict[str, Any]] = answer.value["items"]
        return items

    def _fits(self, match: Match, one: Shown) -> Steps[bool]:
        if not match.perhaps(one):
            return False
        if not match.needs_detail:
            return True
        return match.fits((yield from detail(self.scope, one["id"])))

    def _kind(self, match: Match) -> str:
        return f"{self.channel or 'capture'} with {match}" if match.expected else (self.channel or "capture")


def is_side_effect(capture: Shown) -> bool:
    """A write or a raw connection: never a read, a token call, a question of DNS, or telemetry."""
    if capture.get("left"):
        return True
    plain = capture["channel"] != "dns" and "telemetry" not in (capture.get("flags") or ())
    return plain and capture["intent"] in ("write", "connect")


def nothing_else(place: Place, scope: Scope) -> Steps[None]:
    """Raises NotAsExpected for side effects that no earlier call matched."""
    yield from settle(scope)
    scope.deny("else")
    every = yield from captures(scope)
    claimed = scope.claimed
    rest = [one for one in every if not {one["id"], one.get("attempt_of")} & claimed and is_side_effect(one)]
    if rest:
        lines = "\n".join(listed(place, rest))
        raise NotAsExpected(f"{len(rest)} more {scope} than the test has looked at:\n{lines}")


def nothing_left(place: Place, scope: Scope) -> Steps[None]:
    """Raises NotAsExpected for anything of which bytes may have gone to a real destination."""
    yield from settle(scope)
    scope.deny("left")
    left = yield from captures(scope, left="true")
    if left:
        lines = "\n".join(listed(place, left))
        raise NotAsExpected(f"{len(left)} may have left for real {scope}:\n{lines}")
