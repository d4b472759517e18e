"""RefusedPackets: what the rules of a containing host refused, through the gate, one capture for what is repeated.

A flood loses packets on the way here, never in the rules' counters: what they counted and nobody saw is told as such.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from ledger.refused import FLAG, RefusedAccount
from ledger.trouble import LedgerUnavailable
from policies.body import Body
from policies.raw_connection import RawConnection
from proxy.dns_repeats import Repeats
from proxy.door_ask import Gate
from proxy.refused_packets_head import PacketHead
from sinks.gate import NotReady
from sinks.passage import Departure

_log = logging.getLogger(__name__)
WAITING = 4096
"""Packets that wait for their capture; more are told by their number alone."""
AT_ONCE = 64
TOTALS_SECONDS = 5.0
MOST_TURNS = 32
"""Of reading the log before its count is compared, so that a flood does not keep anybody from counting."""
DISTINCT = 1000
"""Destinations told apart within a window: a scan of every port is one capture more, not sixty thousand."""
MANY = "packets to more destinations than are told apart"
UNREAD = "packets that the rules counted while nobody could read their log"
NOBODY = "0.0.0.0"
GROUPS = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "icmp6": "icmp"}
"""Which counter stands for a protocol; any other is `other`."""


class Log(Protocol):
    """`proxy.refused_packets_log.PacketLog`."""

    def take(self) -> list[PacketHead]:
        """What was refused since the last time."""
        ...


class RefusedPackets:
    """Reads while it is started. `counters` and `count` may fail; then what they would tell is told later."""

    def __init__(
        self,
        log: Log,
        *,
        gate: Gate,
        counters: Callable[[], dict[str, int] | None],
        account: RefusedAccount,
        count: Callable[[str, int], Awaitable[None]],
        name_of: Callable[[str], str | None] = lambda _: None,
        every: float = TOTALS_SECONDS,
        unread: str = UNREAD,
        whose: Callable[[str], str] = lambda _source: "",
    ) -> None:
        """`unread`: what is said of packets that were counted and of which nothing else is known. `whose`: as
        `Repeats` asks it."""
        self._log, self._gate, self._account, self._name_of = log, gate, account, name_of
        self._counters, self._count, self._every = counters, count, every
        self._repeats = Repeats(count, whose=whose)
        self._waiting: deque[PacketHead] = deque()
        self._came, self._recording = asyncio.Event(), asyncio.Lock()
        self._distinct: set[tuple[str, str, str]] = set()
        self._distinct_since = 0.0
        self._working: list[asyncio.Task[None]] = []
        self.counted: dict[str, int] = {}
        """Of the rules: packets refused since they came into force."""
        self._unread = unread
        self.unread = 0
        """Of those, how many could be told by their number alone."""
        self.trouble: str | None = None
        """Why the counters cannot be read, as a phrase, or None."""

    def start(self) -> None:
        """From within the running loop."""
        loop = asyncio.get_running_loop()
        self._working = [asyncio.Task(self._record_on(), loop=loop), asyncio.Task(self._add_up_on(), loop=loop)]

    async def stop(self) -> None:
        """Record what waits, as far as that is possible."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        self._working = []
        with contextlib.suppress(LedgerUnavailable, NotReady, OSError):
            await self.add_up()
            await self._repeats.flush()

    def arrived(self) -> bool:
        """To be called when the log's socket can be read. Whether there was something."""
        heads = self._log.take()
        self._waiting.extend(heads[: max(0, WAITING - len(self._waiting))])
        self._came.set()
        return bool(heads)

    async def add_up(self) -> None:
        """Compare what the rules counted with what was recorded, and tell the difference. OSError: it cannot be."""
        counted = self._counters()
        self.counted = counted or {}
        # The kernel counts a packet before it logs it: whatever was counted and logged lies in the socket by now.
        for _ in range(MOST_TURNS):
            if not self.arrived():
                break
            await self._record_waiting()
        for group, packets in self._account.unseen(self.counted).items():
            await self._tell_unread(group, packets)
        await asyncio.to_thread(self._account.save)

    async def _record_on(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            try:
                await self._record_waiting()
            except Exception:
                _log.exception("refused packets could not be recorded; their number is told later")

    async def _add_up_on(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.add_up()
                await self._repeats.flush(before=loop.time() - self._repeats.window)
                self.trouble = None
            except (LedgerUnavailable, NotReady, OSError) as error:
                if self.trouble is None:
                    _log.warning("refused packets could not be counted: %s", error)
                self.trouble = f"refused packets cannot be counted: {error}"

    async def _record_waiting(self) -> None:
        """Returns when nothing waits and nothing is under way."""
        async with self._recording:
            while self._waiting:
                heads = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                done = await asyncio.gather(*map(self._record, heads), return_exceptions=True)
                for head, outcome in zip(heads, done, strict=True):
                    self._note(head, outcome)

    def _note(self, head: PacketHead, outcome: bool | BaseException) -> None:
        """What is on record is accounted for; of the rest only the number can be told."""
        if outcome is True:
            self._account.add(GROUPS.get(head.protocol, "other"), 1)
        elif isinstance(outcome, Exception) and not isinstance(outcome, LedgerUnavailable | NotReady):
            _log.error("a refused packet was not recorded", exc_info=outcome)

    async def _record(self, head: PacketHead) -> bool:
        """Whether it is on record. LedgerUnavailable, NotReady: it is not."""
        key = (head.source, f"{head.protocol}:{head.port}", head.target)
        if self._is_one_too_many(key):
            key = (head.source, head.protocol, MANY)
            return await self._repeats.take(key, lambda: self._taken(_many(head)))
        return await self._repeats.take(key, lambda: self._taken(self._seen(head)))

    def _is_one_too_many(self, key: tuple[str, str, str]) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._distinct_since >= self._repeats.window:
            self._distinct, self._distinct_since = set(), now
        if len(self._distinct) < DISTINCT:
            self._distinct.add(key)
        return key not in self._distinct

    def _seen(self, head: PacketHead) -> RawConnection:
        name = self._name_of(head.target)
        target = f"[{head.target}]" if ":" in head.target else head.target
        return RawConnection(
            head.source,
            (("dns", name),) if name is not None else (("address", target),),
            head.port,
            Body.of(head.opening),
            head.protocol,
            head.what,
            (FLAG,),
        )

    async def _tell_unread(self, group: str, packets: int) -> None:
        """Record packets of which nothing is known but that they were refused."""
        seen = RawConnection(NOBODY, (), 0, protocol=group, what=self._unread, flags=(FLAG, "unread"))
        capture_id = await self._taken(seen)
        if packets > 1:
            await self._count(capture_id, packets - 1)
        self._account.add(group, packets)
        self.unread += packets

    async def _taken(self, seen: RawConnection) -> str:
        outcome = await self._gate.take(seen)
        if isinstance(outcome, Departure):
            # The packet is gone: nothing of it leaves, whatever a policy would say.
            await outcome.settle(False, None)
        return outcome.capture_id


def _many(head: PacketHead) -> RawConnection:
    return RawConnection(head.source, (), 0, protocol=head.protocol, what=MANY, flags=(FLAG,))
