"""Commits: telling those who follow the ledger, within the gateway's loop, that something new is durable."""

import asyncio
from collections.abc import AsyncIterator

PAUSE_SECONDS = 0.025
"""A follower is told at most so often: to tell one of each commit under load cost 10 us a capture."""

MANY = 10
MANY_PAUSE_SECONDS = 0.075
"""How often where so many captures came within a pause: telling takes 250 us, 7 of each capture under load."""


class Commits:
    """The newest committed `seq`, and everybody who waits for a newer one. Belongs to one event loop."""

    def __init__(self) -> None:
        self.last = 0
        self._followers: set[asyncio.Event] = set()

    def publish(self, seq: int) -> None:
        """A transaction is durable. Settlements publish the old number: what was shown has changed."""
        self.last = max(self.last, seq)
        for follower in self._followers:
            follower.set()

    async def follow(self) -> AsyncIterator[int]:
        """The newest `seq`, at once and each time there is something new; what comes within a pause is told as one."""
        news = asyncio.Event()
        news.set()  # whoever begins to follow knows where it stands, and misses nothing in between
        self._followers.add(news)
        try:
            while True:
                await news.wait()
                news.clear()
                told = self.last
                yield told
                await asyncio.sleep(PAUSE_SECONDS)
                if self.last - told >= MANY:
                    await asyncio.sleep(MANY_PAUSE_SECONDS - PAUSE_SECONDS)
        finally:
            self._followers.discard(news)
