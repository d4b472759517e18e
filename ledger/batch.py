"""Batch: the one transaction a handful of captures is written in. Called by the writer alone, on its connection."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection

from ledger.body_store import BodyStore
from ledger.row import EvidenceColumns, Row, octets_of
from ledger.statements import REPLY_COLUMNS, statements_for
from ledger.story import json_of
from ledger.tally import Tally, add_to_counter


class BodyVanished(Exception):
    """A body's file was purged between being stored and being named: it has to be stored again."""


@dataclass(slots=True)
class Settlement:
    """What became of a departure. Without evidence only `left` changes."""

    capture_id: str
    left: bool
    evidence: EvidenceColumns | None = None
    files: tuple[tuple[str, int], ...] = ()
    after: int = 0
    """Octets of the answer that were told before: this is how it goes on."""


@dataclass(slots=True)
class Repetition:
    """The same was attempted `times` more: it is counted on its capture, not captured again."""

    capture_id: str
    times: int
    files: tuple[tuple[str, int], ...] = ()


Write = Row | Settlement | Repetition


def write_batch(connection: Connection, writes: list[Write], store: BodyStore) -> int:
    """Write all of it; returns the last `seq` given out. Raises BodyVanished where a file must be stored again."""
    rows = [write for write in writes if isinstance(write, Row)]
    tally = Tally()
    last = _write_rows(connection, rows, tally) if rows else 0
    unnamed: list[str] = []
    for write in writes:
        if isinstance(write, Settlement):
            unnamed += _settle(connection, write, tally)
        elif isinstance(write, Repetition):
            _count(connection, write)
    _name_files(connection, [file for write in writes for file in write.files], store, tally)
    for digest in unnamed:
        statements_for(connection.dialect).doom_unnamed.run(connection, [{"digest": digest}])
    tally.write(connection)
    return last


def _write_rows(connection: Connection, rows: list[Row], tally: Tally) -> int:
    last = add_to_counter(connection, "seq", len(rows))
    statements = statements_for(connection.dialect)
    numbered = list(enumerate(rows, last - len(rows) + 1))
    statements.insert_capture.put(connection, [(seq, *row.capture) for seq, row in numbered])
    statements.insert_evidence.put(connection, [(seq, *row.evidence) for seq, row in numbered])
    addressed = [(seq, address) for seq, row in numbered for address in row.recipients]
    if addressed:
        statements.insert_recipient.put(connection, addressed)
    tally.count([row.capture for row in rows])
    return last


def _settle(connection: Connection, settlement: Settlement, tally: Tally) -> list[str]:
    """Returns the body files that nobody may name now: of an answer told before, or to what was removed meanwhile."""
    statements = statements_for(connection.dialect)
    found = statements.find.one(connection, {"capture_id": settlement.capture_id})
    if found is None:
        return [sha256 for sha256, _ in settlement.files]
    if bool(found["departed"]) != settlement.left:
        tally.resettle(found, settlement.left)
        statements.set_left.run(connection, [{"at_seq": found["seq"], "left": settlement.left}])
    if settlement.evidence is None:
        return []
    if settlement.after:
        _go_on(connection, settlement.evidence, settlement.after, found, tally)
        return []
    _weigh(connection, found, octets_of(settlement.evidence), tally)
    statements.drop_pieces.run(connection, [{"at_seq": found["seq"]}])
    told = {f"new_{column}": getattr(settlement.evidence, column) for column in REPLY_COLUMNS}
    statements.set_reply.run(connection, [{"at_seq": found["seq"], **told}])
    return [found["reply_sha256"]] if found["reply_sha256"] else []


def _go_on(connection: Connection, evidence: EvidenceColumns, after: int, found: dict[str, Any], tally: Tally) -> None:
    statements, piece = statements_for(connection.dialect), evidence.reply_body
    statements.set_story.run(connection, [{"at_seq": found["seq"], "new_story": evidence.story}])
    if piece:
        statements.put_piece.put(connection, [(found["seq"], after, piece)])
        _weigh(connection, found, found["octets"] + len(piece), tally)


def _weigh(connection: Connection, found: dict[str, Any], octets: int, tally: Tally) -> None:
    """Else what real answers take would be nothing to retention."""
    if octets != found["octets"]:
        tally.octets += octets - found["octets"]
        statements = statements_for(connection.dialect)
        statements.set_octets.run(connection, [{"at_seq": found["seq"], "new_octets": octets}])


def _count(connection: Connection, repetition: Repetition) -> None:
    """`facts.count` says how often it was attempted in all; absent, it was once."""
    statements = statements_for(connection.dialect)
    found = statements.find_story.one(connection, {"capture_id": repetition.capture_id})
    if found is None:
        return
    told = from_json(found["story"])
    told["facts"]["count"] = told["facts"].get("count", 1) + repetition.times
    statements.set_story.run(connection, [{"at_seq": found["seq"], "new_story": json_of(told)}])


def _name_files(connection: Connection, files: list[tuple[str, int]], store: BodyStore, tally: Tally) -> None:
    """Enter body files. The transaction holds the write lock, so a file seen here is there at the commit."""
    statements = statements_for(connection.dialect)
    for sha256, stored in dict(files).items():
        if store.file_of(sha256) is None:
            raise BodyVanished(sha256)
        if statements.find_body.one(connection, {"digest": sha256}) is None:
            tally.octets += stored
        statements.put_body.run(connection, [{"sha256": sha256, "stored": stored}])
