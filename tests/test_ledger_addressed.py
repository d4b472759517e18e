"""Whom captures are to: found the same from whichever side they are looked for, and in whatever order they lie."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_stage import Stage, mail_of, record_of, stage

from ledger.addressed import by_capture, newest_seqs
from ledger.figures import groups
from ledger.filters import Filters

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAILS = 60


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Stage]:
    """Mails to everybody and to some, of two runs, with what nobody is named in between."""
    async with stage(tmp_path / "data") as house:
        for number in range(MAILS):
            to = ["all@example.org", f"only{number}@example.org", *(["ten@example.net"] * (number % 10 == 0))]
            at = NOON + timedelta(minutes=number)
            await house.writer.record(mail_of(f"Mail {number}", to, at=at, run=f"ci-{number % 2}"))
            await house.writer.record(record_of(at=at))
        yield house


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param(Filters(to="example"), id="two-of-a-mail-match"),
        pytest.param(Filters(to="ten@"), id="some"),
        pytest.param(Filters(to="only7@example.org"), id="one"),
        pytest.param(Filters(to="nobody"), id="nobody"),
        pytest.param(Filters(to="*@example.net"), id="pattern"),
        pytest.param(Filters(to="example.org", run="ci-1"), id="of-a-run"),
        pytest.param(Filters(to="only", subject="mail 1"), id="with-a-subject"),
        pytest.param(Filters(to="ten@", since=NOON + timedelta(minutes=25)), id="since"),
    ],
)
async def test_the_same_is_found_from_either_side(house: Stage, filters: Filters) -> None:
    # Every second capture is a mail, the first of them the first.
    matching = sorted((number * 2 + 1 for number in range(MAILS) if _matches(number, filters)), reverse=True)
    with house.ledger.read.connect() as connection:
        for side in (True, False):
            asked = newest_seqs(filters, [], 1000, by_capture=side)
            assert list(connection.execute(asked).scalars()) == matching
            assert sum(group.count for group in groups(connection, filters, by_capture=side)) == len(matching)
    first = house.reader.captures(filters, limit=4)
    rest = house.reader.captures(filters, first.next, limit=1000).items if first.next else []
    assert [stored.seq for stored in (*first.items, *rest)] == matching
    assert house.reader.count(filters) == len(matching)


@pytest.mark.parametrize(
    ("filters", "by_captures"),
    [
        pytest.param(Filters(to="example"), True, id="often"),
        pytest.param(Filters(to="only7@example.org"), False, id="rare"),
        pytest.param(Filters(to="only7@example.org", run="ci-1"), True, id="of-a-short-run"),
    ],
)
async def test_it_is_looked_for_where_less_is_to_be_looked_at(
    house: Stage, filters: Filters, by_captures: bool
) -> None:
    with house.ledger.read.connect() as connection:
        assert by_capture(connection, filters) is by_captures


def _matches(number: int, filters: Filters) -> bool:
    addresses = ["all@example.org", f"only{number}@example.org", *(["ten@example.net"] * (number % 10 == 0))]
    wanted = (filters.to or "").removeprefix("*")
    return (
        any(wanted in address for address in addresses)
        and filters.run in (None, f"ci-{number % 2}")
        and (filters.subject or "") in f"mail {number}"
        and (filters.since is None or filters.since <= NOON + timedelta(minutes=number))
    )


@pytest.mark.parametrize("stretch", [1, 7, 1000])
async def test_groups_are_whole_however_many_captures_are_grouped_at_a_time(house: Stage, stretch: int) -> None:
    since = NOON + timedelta(minutes=20)
    with house.ledger.read.connect() as connection:
        found = groups(connection, Filters(since=since), by_capture=True, stretch=stretch)
    assert {(group.channel, group.count, group.first, group.last) for group in found} == {
        (channel, 40, since, NOON + timedelta(minutes=59)) for channel in ("email", "payment")
    }


async def test_nothing_is_sorted_to_find_the_newest(house: Stage) -> None:
    """The plan of a rare address: else a page takes as long as all that match."""
    for filters in (Filters(to="nobody"), Filters(to="nobody", channel="email"), Filters(to="example")):
        with house.ledger.read.connect() as connection:
            newest = newest_seqs(filters, [], 60, by_capture=by_capture(connection, filters))
            asked = newest.compile(connection, compile_kwargs={"literal_binds": True})
        with contextlib.closing(sqlite3.connect(house.data_dir / "ledger.sqlite")) as plain:
            plan = " ".join(step[3] for step in plain.execute(f"EXPLAIN QUERY PLAN {asked}".replace("%%", "%")))
        assert "TEMP B-TREE" not in plan, plan
        assert "LIST SUBQUERY" not in plan, plan
