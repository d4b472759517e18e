"""Replays: the first answer to an idempotency key, as it was kept, so that a retry gets it again after a restart."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from sqlalchemy import RowMapping, bindparam, select

from ledger.body_store import BodyStore
from ledger.kept import changes_in
from ledger.key_bundles import replay_digests, words_of
from ledger.key_digest import replay_digest
from ledger.key_entry import seq_of
from ledger.key_filter import number_in, number_of
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
    select(captures, evidence.c.story, evidence.c.kept, evidence.c.reply_body, evidence.c.reply_sha256)
    .join(evidence, evidence.c.seq == captures.c.seq)
    .where(captures.c.seq == bindparam("at_seq"))
)


def all_numbers(ledger: Ledger) -> Iterator[int]:
    """Of every key that has an answer, its `key_filter.number_of`. Blocks on the disk."""
    # First those the ledger does not know: what it learns of meanwhile is among them.
    yield from map(number_of, ledger.late.replay_keys())
    with ledger.read.connect() as connection:
        yield from map(number_of, connection.execution_options(yield_per=1000).execute(_KEYS).scalars())
        if not ledger.late.shared:
            yield from map(number_in, replay_digests(connection))


def find_replay(ledger: Ledger, store: BodyStore, run: str, key: str) -> StoredReply | None:
    """The answer the key got at first; None for a key that is new, or whose capture was removed. Blocks on the disk."""
    late = ledger.late.replay(run, key)
    with ledger.read.connect() as connection:
        known = connection.execute(_FIND, {"of_run": run, "of_key": key}).all()
        entered = [] if ledger.late.shared else words_of(connection, replay_digest(key))
        candidates: dict[int, str | None] = dict.fromkeys(map(seq_of, entered))
        candidates |= {seq: fingerprint for fingerprint, seq in (*([] if late is None else [late]), *known)}
        for seq, told in sorted(candidates.items(), key=itemgetter(0)):
            row = connection.execute(_ANSWER, {"at_seq": seq}).mappings().first()
            fingerprint = None if row is None else told or _fingerprint(row, run, key)
            if row is not None and fingerprint is not None:
                return _stored(store, row, fingerprint)
    return None


def _fingerprint(row: RowMapping, run: str, key: str) -> str | None:
    """What a capture's evidence says of the key, or None."""
    if row["run"] != run or row["kept"] is None:
        return None
    replay = changes_in(row["kept"], run, row["provider"])[1]
    return replay[1] if replay is not None and replay[0] == key else None


def _stored(store: BodyStore, row: RowMapping, fingerprint: str) -> StoredReply:
    capture, details = told_by(row, row["story"])
    body = row["reply_body"] or b""
    if row["reply_sha256"] is not None:
        body = b"".join(store.read(row["reply_sha256"]))
    return StoredReply(
        fingerprint, capture.id, capture.reply.status or 0, details.reply_headers, bytes(body), capture.at
    )
