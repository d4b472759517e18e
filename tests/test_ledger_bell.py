"""The bell: another thread rings, the loop answers, and nothing that was rung for is missed."""

import asyncio
import threading

from ledger.bell import Bell


async def test_each_ring_is_followed_by_an_answer_in_the_loops_thread() -> None:
    answered: list[int] = []
    news = asyncio.Event()

    def answer() -> None:
        answered.append(threading.get_ident())
        news.set()

    bell = Bell(asyncio.get_running_loop(), answer)
    for _ in range(3):
        news.clear()
        await asyncio.to_thread(bell.ring)
        await asyncio.wait_for(news.wait(), 30)
    assert set(answered) == {threading.get_ident()}
    bell.close()


async def test_what_is_rung_for_before_the_end_is_answered() -> None:
    rung: list[int] = []
    answered: list[int] = []
    bell = Bell(asyncio.get_running_loop(), lambda: answered.extend(rung))
    rung.append(1)
    bell.ring()
    bell.close()
    await asyncio.sleep(0)
    assert answered == [1]
