"""Gathering: who shares a transaction, told by a loop whose clock stands still until it is moved."""

import asyncio
from typing import Any

import pytest

from ledger.gathering import BATCH_LIMIT, PATIENCE, PAUSE_SECONDS, Gathering
from ledger.waiting import Waiting


class StillLoop:
    """As much of a loop as Gathering uses: `time` moves when told to, and runs what is due."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, Any]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Any) -> Any:
        entry = (self.now + seconds, call)
        self.due.append(entry)

        class Handle:
            def cancel(_) -> None:  # noqa: N805 - the loop is `self` here
                if entry in self.due:
                    self.due.remove(entry)

        return Handle()

    def move(self, seconds: float) -> None:
        self.now += seconds
        for entry in [entry for entry in self.due if entry[0] <= self.now + 1e-9]:
            self.due.remove(entry)
            entry[1]()


class Desk:
    """A gathering and the batches it has sent."""

    def __init__(self) -> None:
        self.loop = StillLoop()
        self.sent: list[int] = []
        self.gathering = Gathering(lambda batch: self.sent.append(len(batch)), self.loop)  # type: ignore[arg-type]  # as much as it uses

    def add(self, count: int) -> None:
        for _ in range(count):
            self.gathering.add(None)  # type: ignore[arg-type]  # never looked into


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_one_alone_does_not_wait(desk: Desk) -> None:
    for _ in range(3):
        desk.add(1)
        desk.gathering.done(1)
    assert desk.sent == [1, 1, 1]


def test_what_comes_during_a_commit_gathers(desk: Desk) -> None:
    desk.add(1)
    desk.add(7)
    assert desk.sent == [1]


def test_as_many_as_were_there_are_waited_for(desk: Desk) -> None:
    desk.add(8)
    desk.gathering.done(1)
    assert desk.sent == [1]
    desk.add(1)
    assert desk.sent == [1, 8]


def test_nobody_waits_longer_than_a_pause_for_those_who_do_not_come(desk: Desk) -> None:
    desk.add(8)
    desk.gathering.done(1)
    desk.loop.move(PAUSE_SECONDS)
    assert desk.sent == [1, 7]
    desk.gathering.done(7)
    desk.add(1)
    desk.loop.move(PAUSE_SECONDS)
    desk.gathering.done(1)
    desk.add(1)
    assert desk.sent == [1, 7, 1, 1]


def test_patience_ends_while_they_keep_coming(desk: Desk) -> None:
    desk.add(101)
    desk.gathering.done(1)
    desk.loop.move(PAUSE_SECONDS)
    desk.add(1)
    desk.gathering.done(100)
    pauses = 0
    while len(desk.sent) < 3:
        desk.add(1)
        desk.loop.move(PAUSE_SECONDS)
        pauses += 1
    assert pauses == PATIENCE
    assert desk.sent == [1, 100, 1 + PATIENCE]


def test_a_batch_has_a_limit_and_the_end_hands_over_all(desk: Desk) -> None:
    desk.add(1 + BATCH_LIMIT + 3)
    desk.gathering.close()
    assert desk.sent == [1, BATCH_LIMIT, 3]


async def test_a_real_loop_runs_the_pause() -> None:
    sent: list[int] = []
    all_sent = asyncio.Event()

    def send(batch: list[Waiting]) -> None:
        sent.append(len(batch))
        if len(sent) == 2:
            all_sent.set()

    gathering = Gathering(send, asyncio.get_running_loop())
    for _ in range(3):
        gathering.add(None)  # type: ignore[arg-type]  # never looked into
    gathering.done(1)
    await asyncio.wait_for(all_sent.wait(), 30)
    assert sent == [1, 2]
