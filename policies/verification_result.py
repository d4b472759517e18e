"""Result: what came of verifying a run, row by row, and its JSON (`POST /api/runs/{id}/verify`)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

RowKind = Literal["expect", "never", "others", "real_side_effects", "unattributed", "contained", "path"]
Outcome = Literal["held", "failed", "inconclusive"]
Verdict = Literal["clean", "violated", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not as expected. `actual` is None where it is not there."""

    field: str
    expected: str
    actual: str | None


@dataclass(frozen=True, slots=True)
class Closest:
    """A capture that a row's reader should look at first."""

    id: str
    summary: str
    differs: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class RowResult:
    """One row judged. `line` is that of its file, None where it stands in none."""

    name: str
    kind: RowKind
    outcome: Outcome
    reason: str
    line: int | None = None
    expected: str | None = None
    found: int | None = None
    captures: tuple[str, ...] = ()
    closest: tuple[Closest, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether everything under way had ended and it was quiet. `waited` in seconds."""

    reached: bool
    why: str | None = None
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on a run: `violated` where something is proved wrong, `clean` only where nothing is in doubt."""

    run: str
    verdict: Verdict
    reasons: tuple[str, ...]
    settled: Settled
    rows: tuple[RowResult, ...]
    counts: Mapping[str, Any] = field(default_factory=dict)

    def as_contract(self) -> dict[str, Any]:
        """Its JSON."""
        return asdict(self)


def result_of(told: Mapping[str, Any]) -> Result:
    """The result again, of its JSON. Raises KeyError or TypeError for what is none."""
    return Result(
        run=told["run"],
        verdict=told["verdict"],
        reasons=tuple(told["reasons"]),
        settled=Settled(**told["settled"]),
        rows=tuple(_row(row) for row in told["rows"]),
        counts=told.get("counts", {}),
    )


def _row(told: Mapping[str, Any]) -> RowResult:
    closest = (
        Closest(one["id"], one["summary"], tuple(Difference(**differs) for differs in one["differs"]))
        for one in told["closest"]
    )
    return RowResult(**{**told, "captures": tuple(told["captures"]), "closest": tuple(closest)})
