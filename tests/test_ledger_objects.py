"""What answers created: read back, run by run, also after a restart."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from ledger_stage import REPLY, record_of, stage, until

from ledger.filters import Filters
from ledger.indexer import Indexer
from ledger.objects import Objects
from ledger.reply import KeptObject, Replay
from ledger.retention import Retention


async def test_objects_are_read_back_newest_first_within_their_run(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        for key, name, run in [("a", "A", "1"), ("b", "B", "1"), ("a", "A2", "1"), ("c", "C", "2")]:
            kept = KeptObject("customer", key, {"name": name})
            await house.writer.record(replace(record_of(run=run), keep=(kept,)))
        objects = Objects(house.ledger, house.store)
        assert await objects.get("1", "stripe", "customer", "a") == {"name": "A2"}
        assert await objects.list("1", "stripe", "customer", 10) == [{"name": "A2"}, {"name": "B"}]
        assert await objects.list("1", "stripe", "customer", 1) == [{"name": "A2"}]
        assert await objects.get("2", "stripe", "customer", "a") is None
        assert await objects.get("1", "twilio", "customer", "a") is None


async def test_of_captures_that_share_a_commit_the_last_says_what_an_object_is(tmp_path: Path) -> None:
    told: list[tuple[str, Any]] = [("a", 1), ("b", 1), ("a", None), ("b", None), ("a", 2), ("c", 3), ("c", None)]
    async with stage(tmp_path / "data") as house:
        await asyncio.gather(
            house.writer.record(record_of()),
            *[house.writer.record(replace(record_of(), keep=(KeptObject("customer", *kept),))) for kept in told],
        )
        objects = Objects(house.ledger, house.store)
        assert [await objects.get("ci-1", "stripe", "customer", key) for key in "abc"] == [2, None, None]


async def test_an_object_that_was_written_as_json_already_is_read_back_as_it_is(tmp_path: Path) -> None:
    kept = KeptObject("customer", "a", {"name": "Zoë"}, '{"name":"Zoë"}'.encode())
    async with stage(tmp_path / "data") as house:
        await house.writer.record(replace(record_of(), keep=(kept,)))
        assert await Objects(house.ledger, house.store).get("ci-1", "stripe", "customer", "a") == {"name": "Zoë"}


async def test_the_first_answer_to_a_key_is_the_one_that_stays(tmp_path: Path) -> None:
    first = replace(record_of(), replay=Replay("key-1", "print-1"))
    second = replace(record_of(), replay=Replay("key-1", "print-2"), reply_body=b"other")
    long = replace(record_of(), replay=Replay("key-2", "print-3"), reply_body=b"r" * 100_000)
    async with stage(tmp_path / "data") as house:
        for record in (first, second, long):
            await house.writer.record(record)
    async with stage(tmp_path / "data") as house:
        objects = Objects(house.ledger, house.store)
        for _ in ("read", "remembered"):
            found = await objects.replay("ci-1", "key-1")
            assert found is not None
            assert (found.fingerprint, found.capture_id, found.status) == ("print-1", first.capture.id, 200)
            assert (found.headers, found.body) == ((("content-type", "application/json"),), REPLY)
        other = await objects.replay("ci-1", "key-2")
        assert other is not None
        assert other.body == b"r" * 100_000
        assert await objects.replay("ci-2", "key-1") is None


async def test_a_key_is_found_whenever_it_was_written(tmp_path: Path) -> None:
    """Before the start, and since, once the keys of before are known and new ones are no longer looked for."""
    async with stage(tmp_path / "data") as house:
        await house.writer.record(replace(record_of(), replay=Replay("before", "print")))
    async with stage(tmp_path / "data") as house:
        objects = Objects(house.ledger, house.store)
        assert await objects.replay("ci-1", "first") is None
        for number in range(200):
            assert await objects.replay("ci-1", f"new-{number}") is None
        await house.writer.record(replace(record_of(), replay=Replay("new-7", "print")))
        for key in ("new-7", "before"):
            found = await objects.replay("ci-1", key)
            assert found is not None
            assert found.fingerprint == "print"


async def test_a_key_is_surely_new_once_those_of_before_are_read_and_once_only(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(replace(record_of(), replay=Replay("before", "print")))
    async with stage(tmp_path / "data") as house:
        objects = Objects(house.ledger, house.store)
        assert not objects.surely_new("early"), "nothing is read yet"
        assert await asyncio.gather(*[objects.replay("ci-1", key) for key in ("a", "b")]) == [None, None]
        told = [objects.surely_new(key) for key in ("early", "early", "a", "b", "before", "another")]
        assert told == [True, False, False, False, False, True]
        assert await objects.replay("ci-1", "another") is None


async def test_the_indexer_follows_by_itself(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        indexer = Indexer(house.ledger, house.store)
        indexer.start()
        try:
            await house.record_all([record_of(facts={"note": f"number{number}"}) for number in range(200)])
            await until(lambda: house.indexed() == 200)
            assert house.reader.count(Filters(q="number1")) == 111
            assert house.reader.count(Filters(q="number17")) == 11
            assert indexer.trouble is None
        finally:
            indexer.close()


async def test_an_answer_that_was_purged_is_not_given_again(tmp_path: Path) -> None:
    """What it would name is not there; a gateway that is restarted would not know it either."""
    async with stage(tmp_path / "data") as house:
        objects = Objects(house.ledger, house.store)
        await house.writer.record(replace(record_of(), replay=Replay("key", "print")))
        assert await objects.replay("ci-1", "key") is not None
        assert await objects.replay("ci-1", "key") is not None
        keeper = Retention(house.ledger, house.store, keep_days=14, keep_bytes=10**9)
        await asyncio.to_thread(keeper.purge, Filters())
        assert await objects.replay("ci-1", "key") is None
