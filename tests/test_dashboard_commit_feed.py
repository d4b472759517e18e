"""The feed: everybody who waits is told once the ledger grows, and let go at the stop."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dashboard_stage import GatewayFake, mail, recording
from running import PATIENCE

from dashboard.commit_feed import CommitFeed
from ledger.reader import Reader
from ledger.writer import Writer

Running = tuple[CommitFeed, Writer, GatewayFake]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with recording(tmp_path) as (ledger, writer):
        gateway = GatewayFake(writer)
        feed = CommitFeed(gateway, Reader(ledger).last_seq)
        await feed.start()
        following = asyncio.ensure_future(feed.run())
        yield feed, writer, gateway
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_all_who_wait_are_told(running: Running) -> None:
    feed, writer, _ = running
    waiting = [asyncio.ensure_future(feed.beyond(feed.last, PATIENCE)) for _ in range(20)]
    await writer.record(mail("One", ["ann@example.com"], b"x"))
    assert set(await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE)) == {1}


async def test_who_waits_in_vain_learns_where_the_ledger_stands(running: Running) -> None:
    feed, _, _ = running
    assert await feed.beyond(0, 0.01) == 0


async def test_the_ledger_itself_is_asked_while_the_gateway_is_away(running: Running) -> None:
    feed, writer, gateway = running
    gateway.away = True
    await writer.record(mail("One", ["ann@example.com"], b"x"))
    assert await feed.beyond(0, PATIENCE) == 1


async def test_the_stop_lets_everybody_go(running: Running) -> None:
    feed, _, _ = running
    waiting = asyncio.ensure_future(feed.beyond(0, 3600))
    await asyncio.sleep(0)
    await feed.close()
    assert await asyncio.wait_for(waiting, PATIENCE) == 0
