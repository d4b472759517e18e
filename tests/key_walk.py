"""KeyWalk: a ledger that anything happens to, and beside it what has to be known of objects and replays."""

import random
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ledger_stage import Stage, record_of, stage

from ledger.filters import Filters
from ledger.late_keys import LateKeys
from ledger.objects import Objects
from ledger.record import Record
from ledger.reply import KeptObject, Replay
from ledger.retention import Retention
from ledger.row import row_of
from ledger.transaction import transaction

WITHIN = ("ci-1", "stripe", "intent")
OLD = datetime.now(UTC) - timedelta(days=20)


def kept(key: str, number: int | None, replay: str | None = None, **fields: Any) -> Record:
    value = None if number is None else {"n": number}
    known = None if replay is None else Replay(replay, f"print-{number}")
    return replace(record_of(**fields), keep=(KeptObject("intent", key, value),), replay=known)


def file_late(house: Stage) -> None:
    """As a commit does where there are many."""
    with house.ledger.turn, house.ledger.write.connect() as connection:
        with transaction(connection):
            house.ledger.late.write_all(connection)
        house.ledger.late.forget()


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

    async def change(self) -> Record:
        """Record a capture that makes, changes or removes an object, and maybe answers a key."""
        key, number = f"pi_{self.drawn.randrange(8)}", self.drawn.choice([None, self.seq, self.seq])
        host, old = self.drawn.choice(["a.example", "b.example"]), self.drawn.random() < 0.1
        replay = self.drawn.choice([None, f"{self.drawn.getrandbits(192):048x}"])
        record = kept(key, number, replay, host=host, at=OLD if old else None)
        await self.house.writer.record(record)
        self.seq += 1
        self.captures[self.seq] = (host, old)
        if number is None:
            self.keys.pop(key, None)
        else:
            self.keys[key] = (self.seq, number)
        if replay is not None:
            self.replays[replay] = (self.seq, f"print-{number}")
        return record

    async def change_as_before(self) -> None:
        """As under an earlier version, which entered keys in the tables: only before anything else."""
        row = row_of(await self.change())
        with self.house.ledger.turn:
            with self.house.ledger.write.begin() as connection:
                LateKeys(shared=True).write(connection, [row], self.seq)
            self.house.ledger.late.forget()

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
