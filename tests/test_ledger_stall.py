"""A disk that does not answer: nobody is told yes, and nobody is told that all is well."""

import asyncio
from pathlib import Path

from ledger_stage import record_of, stage, until

from ledger.committer import Committer
from ledger.filters import Filters
from ledger.row import row_of
from ledger.waiting import Waiting
from ledger.writer import Writer


async def test_a_commit_that_waits_for_the_disk_is_trouble_until_it_is_done(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        writer = Writer(house.ledger, house.store, stall_seconds=0.05)
        writer.start()
        await writer.record(record_of())
        assert writer.trouble is None
        with house.ledger.turn:  # as if the thread that has it waited for the disk
            recording = asyncio.ensure_future(writer.record(record_of()))
            await until(lambda: writer.trouble is not None)
            assert "does not answer" in str(writer.trouble)
            assert not recording.done()
        await recording
        await until(lambda: writer.trouble is None)
        await writer.close()
        assert house.reader.count(Filters()) == 2


async def test_who_is_told_of_a_commit_is_not_told_any_more_that_it_waits(tmp_path: Path) -> None:
    told: list[tuple[BaseException | None, str | None]] = []
    async with stage(tmp_path / "data") as house:
        committer = Committer(
            house.ledger,
            house.store,
            lambda _batch, error, _last: told.append((error, committer.trouble)),
            stall_seconds=0,
        )
        committer.start()
        for _ in range(2):
            waiting = Waiting(loop=asyncio.get_running_loop())
            waiting.write = row_of(record_of())
            committer.put([waiting])
        await asyncio.to_thread(committer.stop)
    assert told == [(None, None)] * 2
