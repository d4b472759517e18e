"""Telling: the message of an expectation that does not hold, naming what was captured instead, the closest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_soundstage.ask import Steps
from pytest_soundstage.captured import summary
from pytest_soundstage.match import Match, Shown
from pytest_soundstage.place import Place
from pytest_soundstage.scope import Scope, captures, details
from pytest_soundstage.trouble import Refused

__tracebackhide__ = True

SHOWN = 5
"""Captures that a message shows."""
PLURAL = {"push": "pushes", "web": "web requests", "dns": "questions of DNS", "storage": "storage requests"}


def instead(place: Place, scope: Scope, channel: str | None, match: Match) -> Steps[str]:
    """What was captured in place of what was looked for, in lines."""
    every = yield from captures(scope)
    kind = [one for one in every if channel in (None, one["channel"])]
    lines = []
    if kind:
        recent = kind[-50:]
        closest: list[Shown] = list((yield from details(scope, recent)) if match.needs_detail else recent)
        closest.sort(key=match.distance)
        lines.append(f"captured instead {scope}, the closest first:")
        lines += listed(place, closest, match)
    else:
        lines.append(f"no {channel or 'capture'} at all was captured {scope}{_others(every)}")
    lines += yield from _elsewhere(scope, channel, match)
    return "\n".join(lines)


def listed(place: Place, found: Sequence[Shown], match: Match | None = None) -> list[str]:
    """Captures in lines, with how each differs from what was looked for."""
    lines = []
    for one in found[:SHOWN]:
        lines.append(f"  {summary(one)}  {place.page(one['id'])}")
        lines += [f"    {difference}" for difference in (match.differences(one) if match else ())]
    if len(found) > SHOWN:
        lines.append(f"  and {len(found) - SHOWN} more")
    return lines


def _others(every: Sequence[Shown]) -> str:
    counted = Counter(one["channel"] for one in every)
    if not counted:
        return ", nor anything else"
    return ", but " + ", ".join(f"{number} {_named(name, number)}" for name, number in counted.items())


def _named(channel: str, number: int) -> str:
    return channel if number == 1 else PLURAL.get(channel, f"{channel}s")


def _elsewhere(scope: Scope, channel: str | None, match: Match) -> Steps[list[str]]:
    """Whether nobody's traffic matches: then a client does not use the run's credentials."""
    if scope.opened_at is None or scope.run is None:
        return []
    try:
        nobody = yield from captures(Scope("unattributed"), channel, since=scope.opened_at)
    except Refused:  # a run's own token sees its own captures alone
        return []
    if not any(match.perhaps(one) for one in nobody):
        return []
    return ["one that matches was captured, but belongs to no run: its client does not use the run's credentials"]
