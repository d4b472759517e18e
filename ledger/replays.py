"""Replays: the first answer to an idempotency key, as it was kept, so that a retry gets it again after a restart."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from ledger.body_store import BodyStore
from ledger.store import Ledger
from ledger.story import told_by
from ledger.tables import captures, evidence, replays


@dataclass(frozen=True, slots=True)
class StoredReply:
    """The first answer to an idempotency key."""

    fingerprint: str
    capture_id: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: datetime | None = None
    """When it was given first: its identifier says it in vain where the clock was set back. None: not told, for the
    body is exactly what was given."""


_KEYS = select(replays.c.key)
_FIND = select(replays.c.fingerprint, replays.c.seq).where(
    replays.c.run == bindparam("of_run"), replays.c.key == bindparam("of_key")
)
_ANSWER = (
    select(captures, evidence.c.story, evidence.c.reply_body, evidence.c.reply_sha256)
    .join(evidence, evidence.c.seq == captures.c.seq)
    .where(captures.c.seq == bindparam("at_seq"))
)


def all_keys(ledger: Ledger) -> Iterator[str]:
    """Every key that has an answer. Blocks on the disk."""
    # First those the table does not know: what it learns of meanwhile is among them.
    yield from ledger.late.replay_keys()
    with ledger.read.connect() as connection:
        yield from connection.execution_options(yield_per=1000).execute(_KEYS).scalars()


def find_replay(ledger: Ledger, store: BodyStore, run: str, key: str) -> StoredReply | None:
    """The answer the key got at first; None for a key that is new, or whose capture was removed. Blocks on the disk."""
    late = ledger.late.replay(run, key)
    with ledger.read.connect() as connection:
        first = late or connection.execute(_FIND, {"of_run": run, "of_key": key}).first()
        row = None if first is None else connection.execute(_ANSWER, {"at_seq": first[1]}).mappings().first()
    if first is None or row is None:
        return None
    capture, details = told_by(row, row["story"])
    body = row["reply_body"] or b""
    if row["reply_sha256"] is not None:
        body = b"".join(store.read(row["reply_sha256"]))
    return StoredReply(first[0], capture.id, capture.reply.status or 0, details.reply_headers, bytes(body), capture.at)
