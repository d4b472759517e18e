"""Losses: what a removal of captures takes from runs, noted with the removal itself, so that no gap is silent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from ledger.run import RunGap
from ledger.run_rows import known_among, put_gap
from ledger.tables import runs
from policies.effect import UNATTRIBUTED

_BY = {
    "age": "retention took captures of it, for their age",
    "bytes": "retention took captures of it, for want of room",
}
_ASKED = "somebody removed captures of it"
_UNCLAIMED = "captures that nobody claimed were removed from within its time"


def note_losses(connection: Connection, taken: Sequence[Mapping[Any, Any]], why: str, at: datetime) -> None:
    """`taken`: rows of `captures` that go in this transaction. `why`: of the removal (`age`, `bytes` or `asked`)."""
    by_run = Counter(row["run"] for row in taken)
    unclaimed = [row["seq"] for row in taken if row["run"] == UNATTRIBUTED]
    gap = RunGap(at, at, _BY.get(why, _ASKED))
    for run_id in known_among(connection, by_run.keys() - {UNATTRIBUTED}) if by_run else ():
        put_gap(connection, run_id, gap)
    if unclaimed:
        lasting = or_(runs.c.finished_seq.is_(None), runs.c.finished_seq >= min(unclaimed))
        around = select(runs.c.id).where(runs.c.opened_seq < max(unclaimed), lasting)
        for run_id in list(connection.execute(around).scalars()):
            put_gap(connection, run_id, RunGap(at, at, _UNCLAIMED))
