"""A run's counts, from the sums; and what nobody claimed meanwhile, by the captures' numbers and not by clocks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ledger_stage import mail_of, record_of, stage

from ledger.filters import Filters
from ledger.run_counts import counts_of, unclaimed_within
from ledger.runs import Runs

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def test_counts_and_what_nobody_claimed(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        runs = Runs(house.ledger)
        await house.record_all([record_of(run="unattributed")])
        run = runs.open("ci-1", "", NOON)
        runs.open("ci-2", "", NOON)
        long_ago = NOON - timedelta(days=3)
        await house.record_all(
            [
                record_of(run="ci-1"),
                record_of(run="ci-1", left=True, verdict="allow"),
                mail_of("Welcome", ["a@example.test"], run="ci-1", window="w-1"),
                record_of(run="unattributed", at=long_ago),
                record_of(run="unattributed", intent="connect", channel="socket"),
            ]
        )
        open_so_far = unclaimed_within(runs.archive, run)
        ended = runs.finish("ci-1", "clean", NOON)
        await house.record_all([record_of(run="unattributed")])
        counts = counts_of(runs.archive, ["ci-1", "ci-2"])
        assert (counts["ci-1"].captures, counts["ci-1"].left) == (3, 1)
        assert counts["ci-1"].channels == {"payment": 2, "email": 1}
        assert counts["ci-1"].verdicts == {"capture": 2, "allow": 1}
        assert counts["ci-2"].captures == 0
        within = unclaimed_within(runs.archive, ended)
        assert (within.captures, within.channels, within.intents) == (
            2,
            {"payment": 1, "socket": 1},
            {"write": 1, "connect": 1},
        )
        assert open_so_far == within
        assert (run.opened_seq, ended.finished_seq) == (1, 6)


async def test_captures_are_found_by_their_window_and_their_numbers(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        for window in ("w-1", None, "w-2", "w-1"):
            await house.writer.record(record_of(window=window))
        found = {
            window: [stored.seq for stored in house.reader.captures(Filters(run="ci-1", window=window)).items]
            for window in ("w-1", "w-2", "w-3", "none", None)
        }
        assert found == {"w-1": [4, 1], "w-2": [3], "w-3": [], "none": [2], None: [4, 3, 2, 1]}
        assert house.reader.count(Filters(window="w-1")) == 2
        assert [stored.seq for stored in house.reader.captures(Filters(after_seq=1, up_to_seq=3)).items] == [3, 2]
        assert [stored.as_contract().get("window") for stored in house.reader.since(0)] == ["w-1", None, "w-2", "w-1"]
