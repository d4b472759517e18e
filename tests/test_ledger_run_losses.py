"""What retention takes from runs that are finished is told of them: nobody takes what is left for all there was."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_stage import record_of, stage

from ledger.retention import Retention
from ledger.runs import Runs

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "octets", "why"),
    [
        pytest.param(1, 10**10, "retention took captures of it, for their age", id="age"),
        pytest.param(14, 0, "retention took captures of it, for want of room", id="want-of-room"),
    ],
)
async def test_what_retention_took_is_a_gap_of_its_run(tmp_path: Path, days: float, octets: int, why: str) -> None:
    then = NOON - timedelta(days=2)
    async with stage(tmp_path / "data") as house:
        runs = Runs(house.ledger)
        for run in ("lost", "empty"):
            runs.open(run, "", then)
        await house.record_all([record_of(at=then, run="lost")])
        for run in ("lost", "empty"):
            runs.finish(run, "clean", then)
        sweep = Retention(house.ledger, house.store, keep_days=days, keep_bytes=octets, clock=lambda: NOON).sweep
        assert (await asyncio.to_thread(sweep)).captures == 1
        gaps = {run: [gap.why for gap in story.gaps] for run in ("lost", "empty") if (story := runs.archive.find(run))}
        assert gaps == {"lost": [why], "empty": []}
