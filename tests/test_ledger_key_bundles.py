"""Keys in bundles: whatever is filed, merged, dropped and read meanwhile, the last word on each holds."""

import random
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from key_walk import OLD, WITHIN, Walk, file_late, kept
from ledger_stage import Stage, stage

from ledger.kept_values import value_of
from ledger.key_bundles import changes_to, last_word, replay_digests, words_of, write_bundle
from ledger.key_digest import object_digest, replay_digest
from ledger.key_entry import GONE, seq_of, word_of
from ledger.key_merge import AT_ONCE, tend
from ledger.late_keys import LateKeys
from ledger.objects import Objects
from ledger.retention import Retention
from ledger.tables import key_bundles, key_lists, key_sheets
from ledger.transaction import transaction


def file_keys_of(house: Stage, objects: dict[str, int], replays: dict[str, int], last: int) -> None:
    told = {(*WITHIN, key): word for key, word in objects.items()}
    with house.ledger.turn, house.ledger.write.connect() as connection, transaction(connection):
        write_bundle(connection, told, {("ci-1", key): ("print", seq) for key, seq in replays.items()}, last)


def tidy(house: Stage) -> int:
    """Returns how many steps that took."""
    for steps in range(500):
        with house.ledger.turn, house.ledger.write.connect() as connection, transaction(connection):
            if not tend(connection):
                return steps
    raise AssertionError("it is never tidy")


def counted(house: Stage) -> tuple[int, int, int]:
    with house.ledger.read.connect() as connection:
        tables = (key_bundles, key_sheets, key_lists)
        bundles, sheets, lists = (len(connection.execute(table.select()).all()) for table in tables)
        return bundles, sheets, lists


async def test_bundles_are_merged_and_each_key_is_found_at_every_step(tmp_path: Path) -> None:
    drawn = random.Random(7)
    objects: dict[str, int] = {}
    replays: dict[str, int] = {}
    async with stage(tmp_path / "data") as house:
        for last in range(1, 18):
            told = {f"pi_{drawn.randrange(60)}": word_of(last, drawn.choice([0, 0, GONE])) for _ in range(100)}
            keys = {f"{drawn.getrandbits(192):048x}": last for _ in range(80)}
            file_keys_of(house, told, keys, last)
            objects |= told
            replays |= keys
            with house.ledger.turn, house.ledger.write.connect() as connection, transaction(connection):
                tend(connection)
            assert _found(house, objects, replays, drawn.sample(sorted(replays), 20))
        assert tidy(house) > 0
        assert counted(house)[0] < AT_ONCE + 2
        assert _found(house, objects, replays, sorted(replays)[::10])


def _found(house: Stage, objects: dict[str, int], replays: dict[str, int], asked: list[str]) -> bool:
    with house.ledger.read.connect() as connection:
        told = {key: last_word(connection, (*WITHIN, key)) for key in objects}
        seqs = {key: [seq_of(word) for word in words_of(connection, replay_digest(key))] for key in asked}
        newest: dict[bytes, int] = {}
        for word, digest in changes_to(connection, WITHIN):
            newest.setdefault(digest, word)
        assert sorted(set(replay_digests(connection))) == sorted(map(replay_digest, replays))
    assert told == objects
    assert seqs == {key: [replays[key]] for key in asked}
    return newest == {object_digest((*WITHIN, key)): word for key, word in objects.items()}


async def test_what_only_leads_to_captures_that_are_gone_is_dropped(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        for at, host in enumerate(["old.example"] * 3 + ["new.example"]):
            await house.writer.record(kept(f"pi_{at}", at, host=host, at=OLD if at < 3 else None))
            file_late(house)
        tidy(house)
        assert counted(house) == (4, 4, 4)
        Retention(house.ledger, house.store, keep_days=14, keep_bytes=10**9).sweep()
        tidy(house)
        assert counted(house) == (1, 1, 1)
        assert await Objects(house.ledger, house.store).list(*WITHIN, 9) == [{"n": 3}]


async def test_who_reads_while_keys_are_filed_and_merged_finds_each(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        done, missed = threading.Event(), list[str]()

        def read() -> None:
            while not done.is_set():
                for at in range(len(written)):
                    if value_of(house.ledger, *WITHIN, f"pi_{at}") != {"n": at}:
                        missed.append(f"pi_{at}")

        written: list[int] = []
        reader = threading.Thread(target=read)
        reader.start()
        try:
            for at in range(30):
                await house.writer.record(kept(f"pi_{at}", at))
                written.append(at)
                file_late(house)
        finally:
            done.set()
            reader.join()
        assert missed == []


STEPS = {Walk.change: 40, Walk.file: 25, Walk.purge: 3, Walk.sweep: 3, Walk.crash: 1, Walk.restart: 1}


@pytest.mark.parametrize(
    ("seed", "before", "steps"),
    [
        # In the first one a merge leaves out what outdates an entry it has not come to.
        pytest.param(107, 0, 90, id="merged-in-between"),
        pytest.param(1, 20, 50, id="after-an-earlier-version"),
    ],
)
async def test_whatever_happens_objects_and_replays_are_what_they_have_to_be(
    tmp_path: Path, seed: int, before: int, steps: int
) -> None:
    async with AsyncExitStack() as stack:
        data = tmp_path / "data"
        walk = Walk(random.Random(seed), stack, data, await stack.enter_async_context(stage(data)))
        for _ in range(before):
            await walk.change_as_before()
            await walk.look()
        for step in walk.drawn.choices(list(STEPS), list(STEPS.values()), k=250)[:steps]:
            await step(walk)
            await walk.look()


async def test_where_several_gateways_write_the_same_holds(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house, AsyncExitStack() as stack:
        house.ledger.late = LateKeys(shared=True)
        walk = Walk(random.Random(2), stack, tmp_path / "data", house)
        for step in walk.drawn.choices([Walk.change, Walk.purge, Walk.sweep], [8, 1, 1], k=40):
            await step(walk)
            await walk.look()
        assert counted(house) == (0, 0, 0)
