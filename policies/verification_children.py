"""Runs inside the one that is judged: their effects count as its own, and what casts doubt on them casts it on this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.verification_result import Outcome, RowResult
from policies.verification_summary import numbered

_ENDED = {
    "abandoned": "nobody was heard of who owned it, and it was ended",
    "expired": "it was open for a day and was then ended",
    "parent": "the run around it was finished before it",
}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ChildState:
    """One run inside another, as it stands."""

    id: str
    name: str
    captures: int
    doubts: tuple[str, ...] = ()
    """Why its evidence may not be whole, each a phrase."""


def doubts_of(
    *,
    at_work: bool,
    ended: str | None,
    canaries: Mapping[str, Mapping[str, bool]] | None,
    gaps: Sequence[str],
    wrong_token: int,
) -> tuple[str, ...]:
    """What would make a verdict on that run alone inconclusive. `ended`: why Soundstage ended it itself.

    `at_work`: nobody has finished it, though all of the run around it is judged.
    """
    found = [] if ended is None else [_ENDED.get(ended, ended)]
    found += gaps
    missing = [
        f"{way} at its {moment}" for moment, ways in (canaries or {}).items() for way, here in ways.items() if not here
    ]
    if missing:
        found.append(f"canaries did not arrive: {', '.join(missing)}")
    if wrong_token:
        found.append(f"somebody came {numbered(wrong_token, 'time')} with its name and a wrong token")
    if at_work:
        found.append("it is not finished, and what it does from now on is not judged")
    return tuple(found)


def children_row(children: Sequence[ChildState]) -> RowResult:
    """How many there are and what they did, or why they prove nothing."""
    captures = sum(child.captures for child in children)
    reason = f"{numbered(len(children), 'run')} with {numbered(captures, 'capture')}, judged with it"
    doubtful = [child for child in children if child.doubts]
    outcome: Outcome = "held"
    if doubtful:
        outcome = "inconclusive"
        said = "; ".join(f"{child.id} ({child.name}): {', '.join(child.doubts)}" for child in doubtful[:_SHOWN])
        more = f"; and {len(doubtful) - _SHOWN} more" if len(doubtful) > _SHOWN else ""
        reason = f"{reason}, but {said}{more}"
    return RowResult("runs inside it", "path", outcome, reason, found=captures)
