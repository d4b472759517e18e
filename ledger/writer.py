"""Writer: the gate's way to the ledger. A call returns when its capture is durable, and raises where it is not."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from ledger.batch import BodyVanished, Repetition, Settlement, Write
from ledger.bell import Bell
from ledger.body_store import INLINE_LIMIT, BodyStore
from ledger.commits import Commits
from ledger.committer import PROBE_SECONDS, STALL_SECONDS, Committer
from ledger.gathering import Gathering
from ledger.named_bodies import forget
from ledger.record import Record
from ledger.row import Row, evidence_of, row_of
from ledger.store import Ledger
from ledger.trouble import LedgerUnavailable
from ledger.waiting import Waiting
from policies.body import Body

QUEUE_LIMIT = 10_000
_ATTEMPTS = 20
"""To have a body in the store and its capture beside it: others that have the same bytes may come and be purged, as
often as that, in between."""

Files = tuple[tuple[str, int], ...]


class Writer:
    """Belongs to the event loop it was started in. `ledger.trouble` of readiness is `trouble` here."""

    def __init__(
        self,
        ledger: Ledger,
        store: BodyStore,
        *,
        queue_limit: int = QUEUE_LIMIT,
        stall_seconds: float = STALL_SECONDS,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        """`stall_seconds`: a commit that waits longer for the disk is trouble. `probe_seconds`: how often one is tried
        while in trouble."""
        self._ledger = ledger
        self._store = store
        self._limit = queue_limit
        self._pending = 0
        self._departing: dict[str, Path] = {}
        self._commits = Commits()
        self._committer = Committer(
            ledger, store, self._report, stall_seconds=stall_seconds, probe_seconds=probe_seconds
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathering: Gathering
        self._bell: Bell
        self._reports: deque[tuple[list[Waiting], BaseException | None, int]] = deque()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be recorded now, as a phrase, or None."""
        return self._committer.trouble

    @property
    def pending(self) -> int:
        """Writes that wait for their commit."""
        return self._pending

    def start(self) -> None:
        """From within the running loop."""
        self._loop = asyncio.get_running_loop()
        self._gathering = Gathering(self._committer.put, self._loop)
        self._bell = Bell(self._loop, self._tell)
        self._committer.start()

    async def close(self) -> None:
        """Commit what waits and stop; whatever comes later is refused."""
        if self._loop is not None:
            self._loop = None
            self._gathering.close()
            await asyncio.to_thread(self._committer.stop)
            self._bell.close()
            await asyncio.sleep(0)

    def record(self, record: Record | Row) -> Awaitable[None]:
        """To be awaited at once, which ends when the capture is durable; LedgerUnavailable where it cannot be, with
        nothing half-kept."""
        return self._submit(record) if isinstance(record, Row) else self._record(record)

    async def _record(self, record: Record) -> None:
        body = record.kept_body
        if body.path is None and body.size <= INLINE_LIMIT and len(record.reply_body) <= INLINE_LIMIT:
            # Nearly all: no file is named, so none can vanish and none is left over.
            await self._submit(row_of(record))
            return
        try:
            await self._named((body, _reply_body(record)), lambda files: row_of(record, files))
        finally:
            await self._release(record)

    async def settle(self, capture_id: str, left: bool, reply: Record | None) -> None:
        """Say what became of a departure; `reply` is the capture once more, now with its answer."""

        def settlement(files: Files) -> Settlement:
            if reply is None:
                return Settlement(capture_id, left)
            return Settlement(capture_id, left, evidence_of(reply, files), files, reply.after)

        long = () if reply is None or reply.after else (_reply_body(reply),)
        try:
            await self._named(long, settlement)
        finally:
            received = self._departing.pop(capture_id, None)
            if received is not None:
                await asyncio.to_thread(received.unlink, missing_ok=True)

    async def count(self, capture_id: str, times: int) -> None:
        """The same was attempted `times` more; returns once that is durable, or raises LedgerUnavailable."""
        await self._submit(Repetition(capture_id, times))

    def subscribe(self) -> AsyncIterator[int]:
        """The newest committed `seq`, each time something new is durable."""
        return self._commits.follow()

    async def _named(self, candidates: tuple[Body, ...], write: Callable[[Files], Write]) -> None:
        """Store the long ones among some bodies, and submit what names their files."""
        long = [body for body in candidates if body.path is not None or len(body.data or b"") > INLINE_LIMIT]
        fresh: set[str] = set()
        try:
            for _ in range(_ATTEMPTS):
                files = tuple([(body.sha256, await self._stored(body, fresh)) for body in long])
                try:
                    return await self._submit(write(files))
                except BodyVanished:
                    continue
            raise LedgerUnavailable("a body was purged again and again while it was being recorded")
        except Exception:
            # Else a disk that is full fills with what was refused. Whoever only goes away may be recorded yet.
            if fresh:
                await asyncio.to_thread(forget, self._ledger, self._store, fresh)
            raise

    async def _stored(self, body: Body, fresh: set[str]) -> int:
        """The octets its file takes; among `fresh` where there was none. On a thread of its own, so that one long
        body's disk time delays nobody's commit."""
        if self._store.file_of(body.sha256) is None:
            fresh.add(body.sha256)
        return await asyncio.to_thread(self._store.put, body)

    async def _release(self, record: Record) -> None:
        path = record.kept_body.path
        if path is None:
            return
        if record.capture.left:
            # What may leave is sent from this file: it goes when the departure is settled.
            self._departing[record.capture.id] = path
        else:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _submit(self, write: Write) -> Waiting:
        """To be awaited at once."""
        if self._loop is None:
            raise LedgerUnavailable("this cannot be recorded: the ledger is closed")
        if self._pending >= self._limit:
            raise LedgerUnavailable(f"this cannot be recorded: {self._pending} captures wait for the disk already")
        waiting = Waiting(loop=self._loop)
        waiting.write = write
        self._pending += 1
        self._gathering.add(waiting)
        return waiting

    def _report(self, batch: list[Waiting], error: BaseException | None, last: int) -> None:
        self._reports.append((batch, error, last))
        self._bell.ring()

    def _tell(self) -> None:
        while self._reports:
            self._resolve(*self._reports.popleft())

    def _resolve(self, batch: list[Waiting], error: BaseException | None, last: int) -> None:
        self._pending -= len(batch)
        self._gathering.done(len(batch))
        if error is None:
            self._commits.publish(last)
        for waiting in batch:
            # Each its own: who raises an exception writes into it.
            waiting.settle(LedgerUnavailable(str(error)) if isinstance(error, LedgerUnavailable) else error)


def _reply_body(record: Record) -> Body:
    return Body.of(record.reply_body) if len(record.reply_body) > INLINE_LIMIT else _NOTHING


_NOTHING = Body.of(b"")
