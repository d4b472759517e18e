"""KeptValues: what objects are, read where it is written: in the evidence of the capture that changed them last.

The table of objects holds a value only where that evidence was purged, or an earlier version wrote it there.
"""

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, bindparam, select, update

from ledger.kept import ObjectKey, value_in
from ledger.late_keys import GONE, IN_EVIDENCE
from ledger.statements import OBJECT_KEYS
from ledger.store import Ledger
from ledger.story import json_of
from ledger.tables import evidence, objects

_WITHIN = [objects.c[name] == bindparam(f"of_{name}") for name in OBJECT_KEYS[:3]]
_IS = [*_WITHIN, objects.c.key == bindparam("of_key")]
_GET = select(objects.c.value, objects.c.seq).where(*_IS)
_NEWEST = select(objects.c.key, objects.c.value, objects.c.seq).where(*_WITHIN).order_by(objects.c.seq.desc())
_KEPT = select(evidence.c.kept, evidence.c.reply_body).where(evidence.c.seq == bindparam("at_seq"))
_SET = update(objects).where(*_IS).values(value=bindparam("said"))


def value_of(ledger: Ledger, run: str, provider: str, collection: str, key: str) -> Any | None:
    """The object's last value, or None. Blocks on the disk."""
    wanted = (run, provider, collection, key)
    late = ledger.late.object(wanted)
    if late == GONE:
        return None
    with ledger.read.connect() as connection:
        value = None if late is None else _said(connection, late, collection, key)
        if value is not None:
            return value
        # Not late, or entered in the table since, and its evidence purged.
        return _known(connection, wanted)


def newest_values(ledger: Ledger, run: str, provider: str, collection: str, limit: int) -> list[Any]:
    """Up to `limit` objects of a collection, the last changed first. Blocks on the disk."""
    late = ledger.late.objects_in(run, provider, collection)
    with ledger.read.connect() as connection:
        # So many more may be outdated by what is late.
        known = connection.execute(_NEWEST.limit(limit + len(late)), _named((run, provider, collection))).all()
        found = [(seq, key, value) for key, value, seq in known if key not in late]
        found += [(seq, key, IN_EVIDENCE) for key, seq in late.items() if seq != GONE]
        newest = sorted(found, key=lambda one: -one[0])[:limit]
        values = []
        for seq, key, told in newest:
            value = _value(connection, collection, key, told, seq)
            # A purge may have taken the evidence since, and have put the value in the table first.
            values.append(value if value is not None else _known(connection, (run, provider, collection, key)))
    return [value for value in values if value is not None]


def keep_values(connection: Connection, seqs: list[int]) -> None:
    """Before the evidence of these captures is taken: give the objects they changed last their values in the table."""
    told = select(objects).where(objects.c.seq.in_(seqs), objects.c.value == IN_EVIDENCE)
    for row in connection.execute(told).all():
        said = _said(connection, row.seq, row.collection, row.key)
        connection.execute(_SET, _named(row[:4]) | {"said": json_of(said)})


def _known(connection: Connection, wanted: ObjectKey) -> Any | None:
    """What the table says; asked again where a purge took the evidence between its two answers."""
    for _ in range(2):
        row = connection.execute(_GET, _named(wanted)).first()
        value = None if row is None else _value(connection, *wanted[2:], *row)
        if row is None or value is not None:
            return value
    return None


def _value(connection: Connection, collection: str, key: str, value: str, seq: int) -> Any | None:
    return _said(connection, seq, collection, key) if value == IN_EVIDENCE else from_json(value)


def _said(connection: Connection, seq: int, collection: str, key: str) -> Any | None:
    row = connection.execute(_KEPT, {"at_seq": seq}).first()
    return None if row is None or row.kept is None else value_in(row.kept, row.reply_body, collection, key)


def _named(key: Sequence[str]) -> dict[str, str]:
    return {f"of_{name}": value for name, value in zip(OBJECT_KEYS, key, strict=False)}
