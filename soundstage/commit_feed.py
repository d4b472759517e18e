"""CommitFeed: tells whoever watches that the ledger has committed. A slow watcher still gets the last."""

import asyncio
from collections.abc import AsyncIterator


class CommitFeed:
    """The last committed sequence number, and those who wait for the next. Lives on one event loop."""

    def __init__(self, latest: int = 0) -> None:
        self.latest = latest
        self._waiting: set[asyncio.Event] = set()

    def tell(self, seq: int) -> None:
        """A commit happened. Cheap where nobody watches."""
        self.latest = max(self.latest, seq)
        for event in self._waiting:
            event.set()

    async def follow(self) -> AsyncIterator[int]:
        """The latest at once, then the latest after each change."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            while True:
                changed.clear()
                yield self.latest
                await changed.wait()
        finally:
            self._waiting.discard(changed)
