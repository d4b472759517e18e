"""Batch: the one transaction a handful of captures is written in. Called by the writer alone, on its connection."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from ledger.body_store import BodyStore
from ledger.dialect import upsert
from ledger.row import Row
from ledger.tables import bodies, captures, evidence, objects, recipients, replays
from ledger.tally import Tally, add_to_counter


class BodyVanished(Exception):
    """A body's file was purged between being stored and being named: it has to be stored again."""


@dataclass(slots=True)
class Settlement:
    """What became of a departure. Without evidence only `left` changes."""

    capture_id: str
    left: bool
    evidence: dict[str, Any] | None = None
    files: tuple[tuple[str, int], ...] = ()


Write = Row | Settlement

_INSERT_CAPTURES = insert(captures)
_INSERT_EVIDENCE = insert(evidence)
_INSERT_RECIPIENTS = insert(recipients)
_FIND = select(captures).where(captures.c.id == bindparam("capture_id"))
_SET_LEFT = update(captures).where(captures.c.seq == bindparam("at_seq")).values(departed=bindparam("left"))
_SET_EVIDENCE = (
    update(evidence)
    .where(evidence.c.seq == bindparam("at_seq"))
    .values({name: bindparam(f"new_{name}") for name in ("story", "details", "reply_body", "reply_sha256")})
)
_DELETE_OBJECT = delete(objects).where(
    *(objects.c[name] == bindparam(f"at_{name}") for name in ("run", "provider", "collection", "key"))
)
_UPSERTS = {
    name: {
        "objects": upsert(
            name,
            objects,
            ["run", "provider", "collection", "key"],
            {"value": "excluded.value", "seq": "excluded.seq"},
        ),
        "replays": upsert(name, replays, ["run", "key"], None),
        "bodies": upsert(name, bodies, ["sha256"], {"doomed": "false"}),
    }
    for name in ("sqlite", "postgresql")
}


def write_batch(connection: Connection, writes: list[Write], store: BodyStore) -> int:
    """Write all of it; returns the last `seq` given out. Raises BodyVanished where a file must be stored again."""
    rows = [write for write in writes if isinstance(write, Row)]
    tally = Tally()
    last = _write_rows(connection, rows, tally) if rows else 0
    for write in writes:
        if isinstance(write, Settlement):
            _settle(connection, write, tally)
    _name_files(connection, [file for write in writes for file in write.files], store, tally)
    tally.write(connection)
    return last


def _write_rows(connection: Connection, rows: list[Row], tally: Tally) -> int:
    last = add_to_counter(connection, "seq", len(rows))
    addressed: list[dict[str, Any]] = []
    stateful: list[tuple[int, Row]] = []
    for seq, row in enumerate(rows, last - len(rows) + 1):
        row.capture["seq"] = row.evidence["seq"] = seq
        tally.add(row.capture)
        if row.recipients:
            addressed += [{"seq": seq, "address": address} for address in row.recipients]
        if row.objects or row.replay:
            stateful.append((seq, row))
    connection.execute(_INSERT_CAPTURES, [row.capture for row in rows])
    connection.execute(_INSERT_EVIDENCE, [row.evidence for row in rows])
    if addressed:
        connection.execute(_INSERT_RECIPIENTS, addressed)
    for seq, row in stateful:
        _keep_state(connection, seq, row)
    return last


def _keep_state(connection: Connection, seq: int, row: Row) -> None:
    upserts = _UPSERTS[connection.dialect.name]
    for kept in row.objects:
        if kept["value"] is None:
            key = {f"at_{name}": kept[name] for name in ("run", "provider", "collection", "key")}
            connection.execute(_DELETE_OBJECT, key)
        else:
            connection.execute(upserts["objects"], {**kept, "seq": seq})
    if row.replay is not None:
        connection.execute(upserts["replays"], {**row.replay, "seq": seq})


def _settle(connection: Connection, settlement: Settlement, tally: Tally) -> None:
    found = connection.execute(_FIND, {"capture_id": settlement.capture_id}).mappings().first()
    if found is None:
        return
    if bool(found["departed"]) != settlement.left:
        tally.resettle(dict(found), settlement.left)
        connection.execute(_SET_LEFT, {"at_seq": found["seq"], "left": settlement.left})
    if settlement.evidence is not None:
        told = {f"new_{name}": settlement.evidence[name] for name in ("story", "details", "reply_body", "reply_sha256")}
        connection.execute(_SET_EVIDENCE, {"at_seq": found["seq"], **told})


def _name_files(connection: Connection, files: list[tuple[str, int]], store: BodyStore, tally: Tally) -> None:
    """Enter body files. The transaction holds the write lock, so a file seen here is there at the commit."""
    if not files:
        return
    statement = _UPSERTS[connection.dialect.name]["bodies"]
    for sha256, stored in dict(files).items():
        if store.file_of(sha256) is None:
            raise BodyVanished(sha256)
        known = connection.execute(select(bodies.c.stored).where(bodies.c.sha256 == sha256)).first()
        connection.execute(statement, {"sha256": sha256, "stored": stored})
        if known is None:
            tally.octets += stored
