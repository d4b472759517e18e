"""Ground: what everything in the gateway stands on: the locked data directory, the ledger, the keys, who is who."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from ledger.body_store import BodyStore
from ledger.data_dir import DirLock, prepare, secret_of
from ledger.masking import Masker
from ledger.objects import Objects
from ledger.retention import Retention
from ledger.runs import Runs
from ledger.store import Ledger, open_ledger
from ledger.trouble import LedgerCorrupt, LedgerUnavailable
from ledger.writer import Writer
from soundstage.settings import Settings
from soundstage.told_to_operator import told_to_operator


@dataclass(frozen=True, slots=True)
class Ground:
    """Opened together, closed together."""

    ledger: Ledger
    store: BodyStore
    writer: Writer
    masker: Masker
    secret: bytes
    """Seeds the ids that providers' answers carry."""
    objects: Objects
    runs: Runs
    retention: Retention


@contextlib.asynccontextmanager
async def ground(settings: Settings) -> AsyncIterator[Ground]:
    """Raises ConfigError where the directory, the ledger or a key cannot be used."""
    with contextlib.ExitStack() as held:
        with told_to_operator(LedgerUnavailable, LedgerCorrupt):
            data_dir = prepare(settings.data_dir)
            held.enter_context(DirLock(data_dir))
            ledger = open_ledger(data_dir, writer=True)
            held.callback(ledger.close)
            ledger.reserve.take()
            store = BodyStore(data_dir)
            store.sweep_incoming()
            masker = Masker(secret_of(data_dir, "masking.key"))
            secret = secret_of(data_dir, "objects.key")
            runs = Runs(ledger)
        writer = Writer(ledger, store)
        retention = Retention(ledger, store, keep_days=settings.keep_days, keep_bytes=settings.keep_bytes)
        made = Ground(ledger, store, writer, masker, secret, Objects(ledger, store), runs, retention)
        async with _working(made):
            yield made


@contextlib.asynccontextmanager
async def _working(made: Ground) -> AsyncIterator[None]:
    """What goes on in the background; the writer ends last, so that what is at hand is still recorded."""
    made.writer.start()
    keeping = asyncio.ensure_future(made.retention.keep_on())
    try:
        yield
    finally:
        made.retention.end()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await made.writer.close()
