"""KeptValues: what objects are, read where it is written: in the evidence of the capture that changed them last.

The table of objects holds a value only where that evidence was purged, or an earlier version wrote it there. What it
says of an object counts unless a later capture is known to have changed that.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import count, islice
from typing import Any, NamedTuple

from pydantic_core import from_json
from sqlalchemy import Connection, bindparam, select

from ledger.kept import ObjectKey, changes_in, value_in
from ledger.key_bundles import changes_to, last_word
from ledger.key_digest import Collection, CollectionDigest
from ledger.key_entry import GONE, seq_of, word_of
from ledger.key_statements import key_statements_for
from ledger.late_keys import IN_EVIDENCE
from ledger.statements import OBJECT_KEYS, statements_for
from ledger.store import Ledger
from ledger.story import json_of
from ledger.tables import captures, evidence, objects

_ROWS = 100
"""Of the table that are asked for at once."""

_WITHIN = [objects.c[name] == bindparam(f"of_{name}") for name in OBJECT_KEYS[:3]]
_GET = select(objects.c.value, objects.c.seq).where(*_WITHIN, objects.c.key == bindparam("of_key"))
_NEWEST = (
    select(objects.c.key, objects.c.value, objects.c.seq).where(*_WITHIN).order_by(objects.c.seq.desc(), objects.c.key)
)
_KEPT = select(evidence.c.kept, evidence.c.reply_body).where(evidence.c.seq == bindparam("at_seq"))
_KEPT_BY = (
    select(evidence.c.seq, captures.c.run, captures.c.provider, evidence.c.kept)
    .join(captures, captures.c.seq == evidence.c.seq)
    .where(evidence.c.kept.is_not(None))
    .order_by(evidence.c.seq)
)


def value_of(ledger: Ledger, run: str, provider: str, collection: str, key: str) -> Any | None:
    """The object's last value, or None. Blocks on the disk."""
    wanted = (run, provider, collection, key)
    word = ledger.late.object(wanted)
    with ledger.read.connect() as connection:
        if word is None and not ledger.late.shared:
            word = last_word(connection, wanted)
        if word is None:
            return _known(connection, wanted)
        value = None if word & GONE else _said(connection, seq_of(word), collection, key)
        # Its evidence may have been purged, and what was said after it forgotten.
        return value if value is not None else _known(connection, wanted, seq_of(word))


class _Change(NamedTuple):
    """To an object of a collection, as memory or a list tells it, or, with a value, as the table does."""

    seq: int
    digest: bytes
    gone: bool
    key: str | None = None
    value: str = IN_EVIDENCE


def newest_values(ledger: Ledger, run: str, provider: str, collection: str, limit: int) -> list[Any]:
    """Up to `limit` objects of a collection, the last changed first. Blocks on the disk."""
    within = (run, provider, collection)
    digest = CollectionDigest(within)
    late = [
        _Change(seq_of(word), digest.of(key), bool(word & GONE), key)
        for key, word in ledger.late.objects_in(*within).items()
    ]
    with ledger.read.connect() as connection:
        entered = iter(()) if ledger.late.shared else _entered(connection, within)
        known = _known_of(connection, within, digest, max(limit, _ROWS))
        changes = merge(sorted(late, key=_seq, reverse=True), entered, known, key=_seq, reverse=True)
        return list(islice(_last_values(connection, within, changes), limit))


def settle_values(connection: Connection, seqs: list[int], *, keep: bool, shared: bool) -> None:
    """Before the evidence of these captures is taken: let the table say all that is said without them.

    With `keep` it is given the values of the objects they changed last; without, they are gone. `shared`: nothing but
    the table knows of objects.
    """
    if keep:
        told = select(objects).where(objects.c.seq.in_(seqs), objects.c.value == IN_EVIDENCE)
        for row in connection.execute(told).all():
            _keep(connection, row[:4], row.seq)
    if shared:
        return
    for seq, run, provider, kept in connection.execute(_KEPT_BY.where(evidence.c.seq.in_(seqs))).all():
        for key, gone in changes_in(kept, run, provider)[0]:
            if gone or not keep:
                key_statements_for(connection.dialect).settle_object.put(connection, [(*key, seq)])
            elif last_word(connection, key) == word_of(seq):
                _keep(connection, key, seq)


def _keep(connection: Connection, key: Sequence[str], seq: int) -> None:
    value = json_of(_said(connection, seq, *key[2:]))
    statements_for(connection.dialect).put_object.put(connection, [(*key, value, seq)])


def _seq(change: _Change) -> int:
    return change.seq


def _entered(connection: Connection, within: Collection) -> Iterator[_Change]:
    for word, digest in changes_to(connection, within):
        yield _Change(seq_of(word), digest, bool(word & GONE))


def _known_of(connection: Connection, within: Collection, digest: CollectionDigest, size: int) -> Iterator[_Change]:
    """What the table says, asked for `size` at a time: of the newest, later changes may be known."""
    for offset in count(0, size):
        rows = connection.execute(_NEWEST.limit(size).offset(offset), _named(within)).all()
        for key, value, seq in rows:
            yield _Change(seq, digest.of(key), gone=False, key=key, value=value)
        if len(rows) < size:
            return


def _last_values(connection: Connection, within: Collection, changes: Iterable[_Change]) -> Iterator[Any]:
    """Of each object its value by the last change, which the table may tell as well."""
    last: dict[bytes, int] = {}
    found: set[bytes] = set()
    for change in changes:
        if last.setdefault(change.digest, change.seq) != change.seq or change.digest in found or change.gone:
            continue
        value = _value_by(connection, within, change)
        if value is not None:
            found.add(change.digest)
            yield value


def _value_by(connection: Connection, within: Collection, change: _Change) -> Any | None:
    if change.value != IN_EVIDENCE:
        return from_json(change.value)
    if change.key is not None:
        return _said(connection, change.seq, within[2], change.key)
    row = connection.execute(_KEPT, {"at_seq": change.seq}).first()
    if row is None or row.kept is None:
        return None
    digest = CollectionDigest(within)
    for key, _ in changes_in(row.kept, *within[:2])[0]:
        if key[:3] == within and digest.of(key[3]) == change.digest:
            return value_in(row.kept, row.reply_body, *key[2:])
    return None


def _known(connection: Connection, wanted: ObjectKey, since: int = 0) -> Any | None:
    """What the table says, unless a capture after that, `since`, changed it."""
    # Asked again where a purge took the evidence between its two answers.
    for _ in range(2):
        row = connection.execute(_GET, _named(wanted)).first()
        if row is None or row.seq < since:
            return None
        value = from_json(row.value) if row.value != IN_EVIDENCE else _said(connection, row.seq, *wanted[2:])
        if value is not None:
            return value
    return None


def _said(connection: Connection, seq: int, collection: str, key: str) -> Any | None:
    row = connection.execute(_KEPT, {"at_seq": seq}).first()
    return None if row is None or row.kept is None else value_in(row.kept, row.reply_body, collection, key)


def _named(key: Sequence[str]) -> dict[str, str]:
    return {f"of_{name}": value for name, value in zip(OBJECT_KEYS, key, strict=False)}
