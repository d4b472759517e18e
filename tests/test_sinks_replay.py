"""Replays: one request of a key at a time, and nothing left behind of those that came and went."""

import asyncio

import pytest

from sinks.given import Given
from sinks.objects import NoObjects
from sinks.replay import Replays


async def test_requests_of_one_key_take_turns_and_those_of_others_do_not_wait() -> None:
    replays, told, go = Replays(NoObjects(), b"s", Given()), list[str](), asyncio.Event()

    async def ask(name: str, key: str) -> None:
        async with replays.alone(key):
            told.append(f"{name} begins")
            if name == "first":
                await go.wait()
            told.append(f"{name} ends")

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("first", "a"))
        group.create_task(ask("second", "a"))
        other = group.create_task(ask("other", "b"))
        await other
        assert told == ["first begins", "other begins", "other ends"]
        go.set()
    assert told[3:] == ["first ends", "second begins", "second ends"]


async def test_a_turn_that_fails_or_is_given_up_lets_the_next_one_in() -> None:
    replays = Replays(NoObjects(), b"s", Given())

    async def ask() -> str:
        async with replays.alone("a"):
            return "answered"

    with pytest.raises(RuntimeError):
        async with replays.alone("a"):
            raise RuntimeError("a bug")
    async with replays.alone("a"):
        waiting = asyncio.ensure_future(ask())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    assert await ask() == "answered"


async def test_who_comes_between_two_turns_waits_for_both() -> None:
    replays, inside, told = Replays(NoObjects(), b"s", Given()), list[str](), list[str]()

    async def ask(name: str) -> None:
        async with replays.alone("a"):
            inside.append(name)
            assert inside == [name]
            told.append(name)
            await asyncio.sleep(0)
            inside.clear()

    async def ask_twice() -> None:
        await ask("first")
        await ask("third")  # when the second has not woken up to its turn yet

    async with asyncio.TaskGroup() as group:
        group.create_task(ask_twice())
        group.create_task(ask("second"))
    assert told == ["first", "second", "third"]
