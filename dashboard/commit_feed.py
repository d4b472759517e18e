"""CommitFeed: tells whoever waits in this process that the ledger has grown. One question to the gateway serves all."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from dashboard.gateway_link import Gateway, GatewayUnreachable
from ledger.trouble import LedgerUnavailable

RETRY = 0.5
"""Seconds between looks at the ledger itself while the gateway does not answer."""

_log = logging.getLogger("soundstage.dashboard")


class CommitFeed:
    """The last committed sequence number, and a way to wait for the next."""

    def __init__(self, gateway: Gateway, last_seq: Callable[[], int]) -> None:
        self._gateway = gateway
        self._last_seq = last_seq
        self._grown = asyncio.Condition()
        self.last = 0
        self.away = False
        """Whether the gateway let go of us, or never answered."""
        self.closed = False

    async def start(self) -> None:
        """Learn where the ledger stands, so that a stream opened first of all begins there."""
        await self._tell(await asyncio.to_thread(self._last_seq))

    async def run(self) -> None:
        """Follow the gateway's commits until cancelled; read the ledger now and then while it is away."""
        while True:
            try:
                async for seq in self._gateway.commits():
                    self.away = False
                    await self._tell(seq)
            except GatewayUnreachable:
                pass
            except Exception:
                # Somebody's wait must not hang for ever because one push was malformed.
                _log.exception("The gateway's commits could not be followed.")
            self.away = True
            with contextlib.suppress(LedgerUnavailable):  # it is asked again, and pages say it by themselves
                await self._tell(await asyncio.to_thread(self._last_seq))
            await asyncio.sleep(RETRY)

    async def beyond(self, seq: int, seconds: float) -> int:
        """The last sequence number, as soon as it is more than `seq`; the same as before after `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._grown:
                await self._grown.wait_for(lambda: self.closed or self.last > seq)
        return self.last

    async def close(self) -> None:
        """Let go of everybody who waits: a server that stops would otherwise have to cut open streams off."""
        async with self._grown:
            self.closed = True
            self._grown.notify_all()

    async def _tell(self, seq: int) -> None:
        if seq > self.last:
            async with self._grown:
                self.last = seq
                self._grown.notify_all()
