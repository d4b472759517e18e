"""Statements: what the writer's transaction runs, compiled once for its database."""

from functools import cache
from typing import Any

from sqlalchemy import Dialect, Table, bindparam, delete, insert, select, true, update

from ledger.dialect import upsert
from ledger.prepared import Prepared
from ledger.tables import bodies, captures, counters, evidence, minutes, objects, pieces, recipients, replays, tallies

REPLY_COLUMNS = ("story", "reply_body", "reply_sha256")
TALLY_KEYS = ("run", "channel", "provider", "operation", "host", "verdict", "departed")
MINUTE_KEYS = ("minute", "channel", "verdict", "departed")
OBJECT_KEYS = ("run", "provider", "collection", "key")


class Statements:
    """Every statement a capture is written with."""

    def __init__(self, dialect: Dialect) -> None:
        def prepared(statement: Any, names: tuple[str, ...] = ()) -> Prepared:
            return Prepared(statement, dialect, names)

        def every(statement: Any, table: Table) -> Prepared:
            return Prepared(statement, dialect, tuple([column.name for column in table.columns]))

        name = dialect.name
        self.insert_capture = every(insert(captures), captures)
        self.insert_evidence = every(insert(evidence), evidence)
        self.insert_recipient = every(insert(recipients), recipients)
        self.find = prepared(
            select(captures, evidence.c.reply_sha256)
            .join(evidence, evidence.c.seq == captures.c.seq, isouter=True)
            .where(captures.c.id == bindparam("capture_id"))
        )
        self.set_left = prepared(
            update(captures).where(captures.c.seq == bindparam("at_seq")).values(departed=bindparam("left"))
        )
        self.set_octets = prepared(
            update(captures).where(captures.c.seq == bindparam("at_seq")).values(octets=bindparam("new_octets"))
        )
        self.set_reply = prepared(
            update(evidence)
            .where(evidence.c.seq == bindparam("at_seq"))
            .values({column: bindparam(f"new_{column}") for column in REPLY_COLUMNS})
        )
        self.put_piece = every(insert(pieces), pieces)
        self.drop_pieces = prepared(delete(pieces).where(pieces.c.seq == bindparam("at_seq")))
        self.find_story = prepared(
            select(evidence.c.seq, evidence.c.story)
            .join(captures, captures.c.seq == evidence.c.seq)
            .where(captures.c.id == bindparam("capture_id"))
        )
        self.set_story = prepared(
            update(evidence).where(evidence.c.seq == bindparam("at_seq")).values(story=bindparam("new_story"))
        )
        self.put_object = every(
            upsert(name, objects, list(OBJECT_KEYS), {"value": "excluded.value", "seq": "excluded.seq"}), objects
        )
        self.drop_object = Prepared(
            delete(objects).where(*(objects.c[key] == bindparam(key) for key in OBJECT_KEYS)), dialect, OBJECT_KEYS
        )
        self.put_replay = every(upsert(name, replays, ["run", "key"], None), replays)
        self.find_body = prepared(select(bodies.c.stored).where(bodies.c.sha256 == bindparam("digest")))
        self.doom_unnamed = prepared(
            update(bodies).where(bodies.c.sha256 == bindparam("digest"), ~is_named()).values(doomed=true())
        )
        self.put_body = prepared(upsert(name, bodies, ["sha256"], {"doomed": "false"}), ("sha256", "stored"))
        self.put_tally = every(_sum(name, tallies, TALLY_KEYS, ("first_at", "last_at")), tallies)
        self.put_minute = every(_sum(name, minutes, MINUTE_KEYS), minutes)
        self.put_counter = prepared(insert(counters), ("name", "value"))
        self.drop_counter = prepared(delete(counters).where(counters.c.name == bindparam("counter")))
        self.set_counter = prepared(
            counters.update().where(counters.c.name == bindparam("counter")).values(value=bindparam("to"))
        )
        self.add_to_counter = prepared(
            counters.update()
            .where(counters.c.name == bindparam("counter"))
            .values(value=counters.c.value + bindparam("by"))
            .returning(counters.c.value)
        )


def is_named() -> Any:
    """Whether any capture names the file of a row of `bodies`."""
    return (
        select(evidence.c.seq).where(evidence.c.body_sha256 == bodies.c.sha256).exists()
        | select(evidence.c.seq).where(evidence.c.reply_sha256 == bodies.c.sha256).exists()
    )


def _sum(name: str, table: Table, keys: tuple[str, ...], extremes: tuple[str, ...] = ()) -> Any:
    least, greatest = ("LEAST", "GREATEST") if name == "postgresql" else ("MIN", "MAX")
    change = {"count": f"{table.name}.count + excluded.count"}
    for column in extremes:
        change[column] = f"{least if column == 'first_at' else greatest}({table.name}.{column}, excluded.{column})"
    return upsert(name, table, list(keys), change)


@cache
def _of_name(_name: str, dialect: Dialect) -> Statements:
    return Statements(dialect)


def statements_for(dialect: Dialect) -> Statements:
    """The statements for a connection's database, compiled at first use."""
    return _of_name(dialect.name, dialect)
