"""What answers kept, said by their captures' evidence alone at first: read back the same however late it is filed."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ledger_stage import REPLY, Stage, record_of, stage

from ledger.data_dir import prepare
from ledger.engine import create_file, sqlite_engine
from ledger.filters import Filters
from ledger.kept import changes_in, kept_of, value_in
from ledger.key_bundles import last_word
from ledger.key_entry import GONE, seq_of
from ledger.late_keys import LIMIT, UNFILED_AT_MOST, LateKeys
from ledger.objects import Objects
from ledger.reply import KeptObject, Replay
from ledger.retention import Retention
from ledger.row import row_of
from ledger.schema import bring_up
from ledger.store import open_ledger
from ledger.story import plain

ANSWER = {"id": "pi_1", "object": "payment_intent", "amount": 4200}


def made(key: str, value: Any = None, encoded: bytes | None = None, **fields: Any) -> Any:
    """A capture whose answer made, changed or (without a value) removed one object."""
    return replace(record_of(**fields), keep=(KeptObject("intent", key, value, encoded),))


def rows_of(house: Stage, table: str) -> list[Any]:
    with closing(sqlite3.connect(house.data_dir / "ledger.sqlite")) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall()


def entered(house: Stage, *keys: str) -> list[int | None]:
    """Which capture the ledger itself knows to have changed each object last; 0: the object was removed."""
    with house.ledger.read.connect() as connection:
        words = [last_word(connection, ("ci-1", "stripe", "intent", key)) for key in keys]
    return [None if word is None else 0 if word & GONE else seq_of(word) for word in words]


async def all_of(house: Stage) -> list[Any]:
    return await Objects(house.ledger, house.store).list("ci-1", "stripe", "intent", 100)


async def test_an_object_that_is_the_answer_is_kept_once(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(made("pi_1", encoded=REPLY))
        assert [row[-1] for row in rows_of(house, "evidence")] == ['{"objects":[["intent","pi_1"]]}']
        assert await all_of(house) == [ANSWER]


async def test_of_a_departure_the_object_is_what_it_was_when_it_left(tmp_path: Path) -> None:
    departure = made("pi_1", encoded=REPLY, left=True)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(departure)
        await house.writer.settle(departure.capture.id, True, replace(departure, reply_body=b'{"real":1}'))
        assert await all_of(house) == [ANSWER]


@pytest.mark.parametrize("crash", [pytest.param(True, id="after-a-crash"), pytest.param(False, id="stopped")])
async def test_the_tables_know_at_the_next_start_what_the_evidence_says(tmp_path: Path, crash: bool) -> None:
    crashed = tmp_path / "crashed"
    async with stage(tmp_path / "data") as house:
        for record in (made("a", {"n": 1}), made("b", {"n": 2}), made("a", {"n": 3}), made("b"), made("c", {"n": 4})):
            await house.writer.record(record)
        await house.writer.record(replace(record_of(), replay=Replay("key", "print")))
        assert entered(house, "a", "b", "c") == [None, None, None]
        assert house.ledger.path is not None
        shutil.copy(house.ledger.path, crashed)
        shutil.copy(f"{house.ledger.path}-wal", f"{crashed}-wal")
        assert await all_of(house) == [{"n": 4}, {"n": 3}]
        file = house.ledger.path
    if crash:
        shutil.copy(crashed, file)
        shutil.copy(f"{crashed}-wal", f"{file}-wal")
    async with stage(tmp_path / "data") as house:
        assert entered(house, "a", "b", "c", "d") == [3, 0, 5, None]
        assert house.ledger.late.replay("ci-1", "key") is None
        found = await Objects(house.ledger, house.store).replay("ci-1", "key")
        assert found is not None
        assert found.fingerprint == "print"
        assert await all_of(house) == [{"n": 4}, {"n": 3}]
        # What is late outdates what the ledger knows.
        for record in (made("a"), made("d", {"n": 5}), made("c", {"n": 6})):
            await house.writer.record(record)
        assert await all_of(house) == [{"n": 6}, {"n": 5}]
        assert await Objects(house.ledger, house.store).list("ci-1", "stripe", "intent", 1) == [{"n": 6}]
        assert await Objects(house.ledger, house.store).get("ci-1", "stripe", "intent", "a") is None
        assert await Objects(house.ledger, house.store).get("ci-1", "stripe", "intent", "d") == {"n": 5}


async def test_keys_are_filed_once_there_are_many(tmp_path: Path) -> None:
    many = tuple([KeptObject("intent", f"pi_{number}", {"n": number}) for number in range(LIMIT)])
    async with stage(tmp_path / "data") as house:
        await house.writer.record(replace(record_of(), keep=many))
        assert entered(house, "pi_7", "pi_8") == [None, None]
        await house.writer.record(made("pi_7"))
        assert entered(house, *[f"pi_{number}" for number in range(LIMIT)]) == [1] * LIMIT
        objects = Objects(house.ledger, house.store)
        assert await objects.get("ci-1", "stripe", "intent", "pi_7") is None
        assert await objects.get("ci-1", "stripe", "intent", "pi_8") == {"n": 8}
        await house.writer.record(made("pi_7", {"n": "again"}))
        assert await objects.get("ci-1", "stripe", "intent", "pi_7") == {"n": "again"}


async def test_captures_that_keep_nothing_are_not_looked_through_at_every_start(tmp_path: Path) -> None:
    late, row = LateKeys(shared=False), row_of(record_of())
    late.committed([row] * UNFILED_AT_MOST, UNFILED_AT_MOST)
    async with stage(tmp_path / "data") as house:
        with house.ledger.write.begin() as connection:
            late.write(connection, [row], UNFILED_AT_MOST + 1)
        with closing(sqlite3.connect(house.data_dir / "ledger.sqlite")) as connection:
            assert connection.execute("SELECT value FROM counters WHERE name = 'filed'").fetchone() == (10_000,)


async def test_a_purge_takes_the_evidence_and_not_the_object(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.writer.record(made("pi_1", encoded=REPLY))
    async with stage(tmp_path / "data") as house:
        await house.writer.record(made("pi_2", {"name": "Zoë"}))
        await house.writer.record(made("pi_3", {"n": 3}, host="kept.example"))
        Retention(house.ledger, house.store, keep_days=14, keep_bytes=10**9).purge(Filters(host="api.stripe.com"))
        assert len(rows_of(house, "evidence")) == 1
        assert await all_of(house) == [{"n": 3}, {"name": "Zoë"}, ANSWER]


async def test_age_takes_objects_that_no_table_knew(tmp_path: Path) -> None:
    old = datetime.now(UTC) - timedelta(days=20)
    async with stage(tmp_path / "data") as house:
        await house.writer.record(made("pi_1", {"n": 1}, at=old))
        Retention(house.ledger, house.store, keep_days=14, keep_bytes=10**9).sweep()
        assert await all_of(house) == []
        assert rows_of(house, "objects") == []


async def test_a_ledger_of_before_keeps_its_objects(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare(data)
    create_file(data / "ledger.sqlite")
    engine = sqlite_engine(data / "ledger.sqlite", "write")
    with engine.begin() as connection:
        bring_up(connection, "0006")
        connection.exec_driver_sql("INSERT INTO objects VALUES ('ci-1', 'stripe', 'intent', 'pi_0', '{\"n\":0}', 0)")
    engine.dispose()
    async with stage(data) as house:
        await house.writer.record(made("pi_1", {"n": 1}))
        assert await all_of(house) == [{"n": 1}, {"n": 0}]


TEXTS = st.text(max_size=6)
VALUES = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | TEXTS, lambda inner: st.lists(inner, max_size=2))
KEPT = st.lists(st.builds(KeptObject, TEXTS, TEXTS, VALUES), max_size=5).map(tuple)


@given(keep=KEPT, replay=st.none() | st.builds(Replay, TEXTS, TEXTS))
@example(keep=(), replay=Replay("", "\0"))
def test_the_text_says_what_was_kept(keep: tuple[KeptObject, ...], replay: Replay | None) -> None:
    text, kept_changes = kept_of(keep, replay, None, "run", "stripe")
    if text is None:
        assert not keep
        assert replay is None
        return
    changes, told = changes_in(text, "run", "stripe")
    assert changes == kept_changes
    assert told == (None if replay is None else (plain(replay.key), plain(replay.fingerprint)))
    for (_, _, collection, key), _ in changes:
        assert value_in(text, None, collection, key) == next(
            kept.value for kept in reversed(keep) if (plain(kept.collection), plain(kept.key)) == (collection, key)
        )


async def test_what_was_rolled_back_is_not_known(tmp_path: Path) -> None:
    late, row = LateKeys(shared=False), row_of(made("pi_1", {"n": 1}))
    late.committed([row_of(record_of())] * UNFILED_AT_MOST, UNFILED_AT_MOST)
    async with stage(tmp_path / "data") as house:
        with house.ledger.write.connect() as connection:
            late.write(connection, [row], UNFILED_AT_MOST + 1)
            connection.rollback()
        assert late.objects_in("ci-1", "stripe", "intent") == {}


async def test_where_several_gateways_write_the_tables_know_at_once(tmp_path: Path) -> None:
    late, row = LateKeys(shared=True), row_of(made("pi_1", {"n": 1}))
    async with stage(tmp_path / "data") as house:
        with house.ledger.write.begin() as connection:
            late.write(connection, [row], 7)
        late.committed([row], 7)
        assert [shown[3:] for shown in rows_of(house, "objects")] == [("pi_1", "", 7)]
        assert late.objects_in("ci-1", "stripe", "intent") == {}


async def test_who_reads_while_a_purge_takes_the_evidence_finds_the_objects(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        for number in range(3):
            await house.writer.record(made(f"pi_{number}", {"n": number}))
        # As between the purge's commit and the moment this ledger learns of it.
        with closing(open_ledger(house.data_dir, writer=True)) as other:
            Retention(other, house.store, keep_days=14, keep_bytes=10**9).purge(Filters(host="api.stripe.com"))
        assert rows_of(house, "evidence") == []
        assert await all_of(house) == [{"n": 2}, {"n": 1}, {"n": 0}]
        assert await Objects(house.ledger, house.store).get("ci-1", "stripe", "intent", "pi_1") == {"n": 1}
