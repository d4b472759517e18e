"""The bell: another thread rings, the loop answers, and nothing that was rung for is missed."""

import asyncio
import os
import threading

import pytest

from ledger.bell import Bell

WAYS = pytest.mark.parametrize(
    "by_descriptor",
    [
        pytest.param(
            True, id="descriptor", marks=pytest.mark.skipif(not hasattr(os, "eventfd"), reason="no eventfd here")
        ),
        pytest.param(False, id="asyncio"),
    ],
)


@WAYS
async def test_each_ring_is_followed_by_an_answer_in_the_loops_thread(by_descriptor: bool) -> None:
    answered: list[int] = []
    news = asyncio.Event()

    def answer() -> None:
        answered.append(threading.get_ident())
        news.set()

    bell = Bell(asyncio.get_running_loop(), answer, by_descriptor=by_descriptor)
    for _ in range(3):
        news.clear()
        await asyncio.to_thread(bell.ring)
        await asyncio.wait_for(news.wait(), 30)
    assert set(answered) == {threading.get_ident()}
    bell.close()


@WAYS
async def test_what_is_rung_for_before_the_end_is_answered(by_descriptor: bool) -> None:
    rung: list[int] = []
    answered: list[int] = []
    bell = Bell(asyncio.get_running_loop(), lambda: answered.extend(rung), by_descriptor=by_descriptor)
    rung.append(1)
    bell.ring()
    bell.close()
    await asyncio.sleep(0)
    assert answered == [1]
