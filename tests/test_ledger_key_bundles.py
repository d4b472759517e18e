"""Keys in bundles: whatever is filed, merged, dropped and read meanwhile, the last word on each holds."""

import random
import shutil
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_stage import Stage, record_of, stage

from ledger.filters import Filters
from ledger.kept_values import value_of
from ledger.key_bundles import changes_to, last_word, replay_digests, words_of, write_bundle
from ledger.key_digest import SIZE, object_digest, replay_digest
from ledger.key_entry import GONE, REPLAY, entries_in, entry_of, last_words, seq_of, sheets_of, word_of, words_in
from ledger.key_merge import AT_ONCE, tend
from ledger.objects import Objects
from ledger.reply import KeptObject, Replay
from ledger.retention import Retention
from ledger.tables import key_bundles, key_lists, key_sheets
from ledger.transaction import transaction

WITHIN = ("ci-1", "stripe", "intent")
ENTRIES = st.lists(
    st.builds(
        lambda digest, seq, flags: entry_of(digest, word_of(seq, flags)),
        st.sampled_from([bytes([first, *bytes(SIZE - 1)]) for first in (0, 1, 7, 128, 255)]),
        st.integers(1, 9),
        st.sampled_from([0, GONE, REPLAY]),
    )
)


@given(entries=ENTRIES, first=st.integers(0, 9))
def test_of_an_object_the_last_word_is_left_and_of_a_replay_each(entries: list[bytes], first: int) -> None:
    last: dict[bytes, int] = {}
    told = []
    for entry in entries:
        word = int.from_bytes(entry[SIZE:], "big")
        if seq_of(word) >= first and word & REPLAY:
            told.append(entry)
    left = last_words(entries, first)
    assert [entry for entry in left if entry[-1] & REPLAY] == sorted(told)
    for entry in entries:
        word = int.from_bytes(entry[SIZE:], "big")
        if seq_of(word) >= first:
            last[entry[:SIZE]] = max(word, last.get(entry[:SIZE], 0))
    for digest, word in last.items():
        assert max(words_in(b"".join(left), digest)) == word


@given(entries=ENTRIES, bits=st.integers(0, 24))
def test_sheets_hold_every_entry_where_it_is_looked_for(entries: list[bytes], bits: int) -> None:
    sheets = sheets_of(entries, bits)
    assert sorted(entry for sheet in sheets.values() for entry in entries_in(sheet)) == sorted(entries)
    for prefix, sheet in sheets.items():
        assert {int.from_bytes(entry[:3], "big") >> 24 - bits for entry in entries_in(sheet)} == {prefix}


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        pytest.param("ab" * 24, b"\xab" * 12, id="a-digest"),
        pytest.param("ab" * 11, None, id="too-short"),
        pytest.param("ab cd " * 8, None, id="blanks"),
        pytest.param("no digest at all, but quite long", None, id="words"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_replays_key_is_its_own_digest_where_it_is_one(key: str, digest: bytes | None) -> None:
    assert len(replay_digest(key)) == SIZE
    assert digest is None or replay_digest(key) == digest


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
            told = {f"pi_{drawn.randrange(150)}": word_of(last, drawn.choice([0, 0, GONE])) for _ in range(100)}
            keys = {f"{drawn.getrandbits(192):048x}": last for _ in range(80)}
            file_keys_of(house, told, keys, last)
            objects |= told
            replays |= keys
            with house.ledger.turn, house.ledger.write.connect() as connection, transaction(connection):
                tend(connection)
            assert _found(house, objects, replays)
        assert tidy(house) > 0
        assert counted(house)[0] < AT_ONCE + 2
        assert _found(house, objects, replays)


def _found(house: Stage, objects: dict[str, int], replays: dict[str, int]) -> bool:
    with house.ledger.read.connect() as connection:
        told = {key: last_word(connection, (*WITHIN, key)) for key in objects}
        seqs = {key: [seq_of(word) for word in words_of(connection, replay_digest(key))] for key in replays}
        newest: dict[bytes, int] = {}
        for word, digest in changes_to(connection, WITHIN):
            newest.setdefault(digest, word)
        assert sorted(set(replay_digests(connection))) == sorted(map(replay_digest, replays))
    assert told == objects
    assert seqs == {key: [seq] for key, seq in replays.items()}
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


OLD = datetime.now(UTC) - timedelta(days=20)


def kept(key: str, number: int | None, replay: str | None = None, **fields: Any) -> Any:
    value = None if number is None else {"n": number}
    known = None if replay is None else Replay(replay, f"print-{number}")
    return replace(record_of(**fields), keep=(KeptObject("intent", key, value),), replay=known)


def file_late(house: Stage) -> None:
    """As a commit does where there are many."""
    with house.ledger.turn, house.ledger.write.connect() as connection:
        with transaction(connection):
            house.ledger.late.write_all(connection)
        house.ledger.late.forget()


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


@dataclass
class Walk:
    """A ledger that anything happens to, and beside it what has to be known of it."""

    drawn: random.Random
    stack: AsyncExitStack
    path: Path
    house: Stage
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    """To the capture that changed it last, and its number there."""
    replays: dict[str, tuple[int, str]] = field(default_factory=dict)
    captures: dict[int, tuple[str, bool]] = field(default_factory=dict)
    """Those that are left: host, and whether it is old."""
    seq: int = 0

    async def change(self) -> None:
        """Record a capture that makes, changes or removes an object, and maybe answers a key."""
        key, number = f"pi_{self.drawn.randrange(8)}", self.drawn.choice([None, self.seq, self.seq])
        host, old = self.drawn.choice(["a.example", "b.example"]), self.drawn.random() < 0.1
        replay = self.drawn.choice([None, f"{self.drawn.getrandbits(192):048x}"])
        await self.house.writer.record(kept(key, number, replay, host=host, at=OLD if old else None))
        self.seq += 1
        self.captures[self.seq] = (host, old)
        if number is None:
            self.keys.pop(key, None)
        else:
            self.keys[key] = (self.seq, number)
        if replay is not None:
            self.replays[replay] = (self.seq, f"print-{number}")

    async def purge(self) -> None:
        """Objects stay, replays go."""
        host = self.drawn.choice(["a.example", "b.example"])
        Retention(self.house.ledger, self.house.store, keep_days=14, keep_bytes=10**9).purge(Filters(host=host))
        self._took({seq for seq, (named, _) in self.captures.items() if named == host})

    async def sweep(self) -> None:
        """Objects whose last change was too old go with it."""
        Retention(self.house.ledger, self.house.store, keep_days=14, keep_bytes=10**9).sweep()
        gone = {seq for seq, (_, old) in self.captures.items() if old}
        self.keys = {key: last for key, last in self.keys.items() if last[0] not in gone}
        self._took(gone)

    def _took(self, gone: set[int]) -> None:
        self.captures = {seq: one for seq, one in self.captures.items() if seq not in gone}
        self.replays = {key: first for key, first in self.replays.items() if first[0] not in gone}

    async def file(self) -> None:
        """As when there are many."""
        file_late(self.house)

    async def crash(self) -> None:
        """Go on with the files as they are now."""
        self.path = self.path.with_name(f"{self.path.name}-")
        shutil.copytree(self.house.data_dir, self.path)
        await self.stack.aclose()
        self.house = await self.stack.enter_async_context(stage(self.path))

    async def restart(self) -> None:
        """In good order."""
        await self.stack.aclose()
        self.house = await self.stack.enter_async_context(stage(self.path))

    async def look(self) -> None:
        """Everything is as it has to be."""
        objects = Objects(self.house.ledger, self.house.store)
        for key in [f"pi_{at}" for at in range(8)]:
            found = await objects.get(*WITHIN, key)
            assert found == ({"n": self.keys[key][1]} if key in self.keys else None)
        newest = [{"n": number} for _, number in sorted(self.keys.values(), reverse=True)]
        assert await objects.list(*WITHIN, 100) == newest
        assert await objects.list(*WITHIN, 2) == newest[:2]
        for key in self.drawn.sample(sorted(self.replays), min(3, len(self.replays))):
            replay = await objects.replay("ci-1", key)
            assert replay is not None
            assert replay.fingerprint == self.replays[key][1]
            assert await objects.replay("ci-2", key) is None


STEPS = {Walk.change: 40, Walk.file: 25, Walk.purge: 3, Walk.sweep: 3, Walk.crash: 1, Walk.restart: 1}


async def test_whatever_happens_objects_and_replays_are_what_they_have_to_be(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        walk = Walk(
            random.Random(107), stack, tmp_path / "data", await stack.enter_async_context(stage(tmp_path / "data"))
        )
        for step in walk.drawn.choices(list(STEPS), list(STEPS.values()), k=250)[:90]:
            await step(walk)
            await walk.look()
