"""Counts of a run: its captures by kind, from the sums the writer keeps; and what nobody claimed meanwhile."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from ledger.run import Run
from ledger.run_archive import RunArchive
from ledger.tables import captures, tallies
from policies.effect import UNATTRIBUTED


@dataclass(slots=True)
class RunCounts:
    """Sums over one run's captures."""

    captures: int = 0
    left: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Unclaimed:
    """Captures between a run's beginning and its end that belong to no run."""

    captures: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    intents: Counter[str] = field(default_factory=Counter)


def counts_of(archive: RunArchive, run_ids: Sequence[str]) -> dict[str, RunCounts]:
    """By run. Blocks on the disk; LedgerUnavailable."""
    found = {run_id: RunCounts() for run_id in run_ids}
    keys = (tallies.c.run, tallies.c.channel, tallies.c.verdict, tallies.c.departed)
    statement = select(*keys, func.sum(tallies.c["count"])).where(tallies.c.run.in_(list(found))).group_by(*keys)
    with archive.reading() as connection:
        for run, channel, verdict, departed, count in connection.execute(statement):
            if count > 0:
                _add(found[run], channel, verdict, bool(departed), int(count))
    return found


def _add(counts: RunCounts, channel: str, verdict: str, departed: bool, count: int) -> None:
    counts.captures += count
    counts.left += count if departed else 0
    counts.channels[channel] += count
    counts.verdicts[verdict] += count


def unclaimed_within(archive: RunArchive, run: Run) -> Unclaimed:
    """By the captures' numbers, which no clock can move. Blocks on the disk; LedgerUnavailable."""
    keys = (captures.c.channel, captures.c.intent)
    statement = select(*keys, func.count()).where(captures.c.run == UNATTRIBUTED, captures.c.seq > run.opened_seq)
    if run.finished_seq is not None:
        statement = statement.where(captures.c.seq <= run.finished_seq)
    found = Unclaimed()
    with archive.reading() as connection:
        for channel, intent, count in connection.execute(statement.group_by(*keys)):
            found.captures += count
            found.channels[channel] += count
            found.intents[intent] += count
    return found
