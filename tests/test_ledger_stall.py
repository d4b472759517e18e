"""A disk that does not answer: nobody is told yes, and nobody is told that all is well."""

import asyncio
from pathlib import Path

from ledger_stage import record_of, stage, until

from ledger.filters import Filters
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
