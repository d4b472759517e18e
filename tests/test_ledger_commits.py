"""Commits: whoever follows is told of the newest in the end, however many come and however seldom it is told."""

import asyncio

import pytest

from ledger.commits import MANY, Commits


@pytest.mark.parametrize(
    "each", [pytest.param(1, id="one-at-a-time"), pytest.param(5 * MANY, id="more-than-one-is-told-of")]
)
async def test_the_newest_is_told_in_the_end_and_never_an_older_one(each: int) -> None:
    """Two come each time it was told and is not to be told again yet: it is told of both as one, and of all by then."""
    commits, told, heard = Commits(), list[int](), asyncio.Event()
    newest = 8 * each

    async def follow() -> None:
        async for seq in commits.follow():
            told.append(seq)
            heard.set()
            if seq == newest:
                return

    following = asyncio.ensure_future(follow())
    async with asyncio.timeout(30):
        for seq in range(2 * each, newest + 1, 2 * each):
            await heard.wait()
            heard.clear()
            commits.publish(seq - each)
            commits.publish(seq)
        await following
    assert told == [0, *range(2 * each, newest + 1, 2 * each)]


async def test_a_settlement_is_told_with_the_old_number() -> None:
    commits = Commits()
    commits.publish(3)
    news = commits.follow()
    assert await anext(news) == 3
    commits.publish(0)
    assert await asyncio.wait_for(anext(news), 30) == 3
    await news.aclose()  # type: ignore[attr-defined]  # it is a generator
