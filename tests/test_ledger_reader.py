"""Reading: filters, pages that hold still, search that misses nothing, and sums that agree with the captures."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from examples import SHARED, examples
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_stage import Stage, mail_of, reading, record_of, stage

from ledger.cursor import BadCursor, cursor_of, seq_of
from ledger.filters import Filters
from ledger.search_words import phrases_of, tokens_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def seeded(house: Stage) -> None:
    """A small day: charges, mails, a refused read, something real."""
    await house.record_all(
        [
            record_of(at=NOON),
            mail_of("Your Receipt 100%", ["Anna@QA.example.com", "bob@example.org"], at=NOON + timedelta(minutes=1)),
            mail_of("Réinitialisation", ["carl@example.org"], text="Ihr Code: 443322", at=NOON + timedelta(minutes=2)),
            record_of(
                at=NOON + timedelta(minutes=3),
                channel="web",
                intent="read",
                verdict="deny",
                host="example.net",
                provider=None,
                operation=None,
                run="ci-2",
            ),
            record_of(at=NOON + timedelta(minutes=4), verdict="allow", left=True),
        ]
    )


@pytest.mark.parametrize(
    ("filters", "seqs"),
    [
        pytest.param(Filters(), [5, 4, 3, 2, 1], id="everything"),
        pytest.param(Filters(run="ci-2"), [4], id="run"),
        pytest.param(Filters(channel="email"), [3, 2], id="channel"),
        pytest.param(Filters(provider="stripe", operation="payment_intent.create"), [5, 1], id="operation"),
        pytest.param(Filters(verdict="deny"), [4], id="verdict"),
        pytest.param(Filters(left=True), [5], id="left"),
        pytest.param(Filters(left=False), [4, 3, 2, 1], id="stayed"),
        pytest.param(Filters(host="API.stripe.com."), [5, 1], id="host-in-any-spelling"),
        pytest.param(Filters(host="*.stripe.com"), [5, 1], id="host-pattern"),
        pytest.param(Filters(to="anna@qa.example.com"), [2], id="to-ignores-case"),
        pytest.param(Filters(to="example.org"), [3, 2], id="to-part"),
        pytest.param(Filters(to="*@example.org"), [3, 2], id="to-pattern"),
        pytest.param(Filters(to="example.o*"), [], id="to-pattern-is-whole"),
        pytest.param(Filters(sender="SHOP@"), [3, 2], id="sender"),
        pytest.param(Filters(subject="receipt"), [2], id="subject"),
        pytest.param(Filters(subject="100%"), [2], id="percent-is-itself"),
        pytest.param(Filters(subject="_"), [], id="underscore-is-itself"),
        pytest.param(Filters(subject="RÉINIT"), [3], id="subject-folds-accented-letters"),
        pytest.param(Filters(since=NOON + timedelta(minutes=2)), [5, 4, 3], id="since"),
        pytest.param(Filters(until=NOON + timedelta(minutes=1)), [1], id="until-is-exclusive"),
        pytest.param(Filters(channel="email", to="bob", q="receipt"), [2], id="all-together"),
        pytest.param(Filters(q="443322"), [3], id="code-in-a-mail"),
        pytest.param(Filters(q="reinitialisation"), [3], id="search-without-accents"),
        pytest.param(Filters(q="hello rec"), [2], id="last-word-is-a-beginning"),
        pytest.param(Filters(q="rec hello"), [], id="other-words-are-whole"),
        pytest.param(Filters(q="bob@example.org"), [2], id="address"),
        pytest.param(Filters(q="example.net"), [4], id="searched-host"),
        pytest.param(Filters(q="!!!"), [], id="no-word"),
        pytest.param(Filters(q='" OR 1=1 -- NEAR('), [], id="operators-are-words"),
        pytest.param(Filters(run="' OR 1=1"), [], id="no-injection"),
    ],
)
async def test_filters(tmp_path: Path, filters: Filters, seqs: list[int]) -> None:
    async with stage(tmp_path / "data") as house:
        await seeded(house)
        for _ in ("not indexed yet", "indexed"):
            assert [stored.seq for stored in house.reader.captures(filters).items] == seqs
            assert house.reader.count(filters) == len(seqs)
            assert sum(group.count for group in house.reader.groups(filters)) == len(seqs)
            house.indexer.catch_up()


async def test_half_indexed_search_finds_both_halves(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await seeded(house)
        house.indexer.catch_up()
        await seeded(house)
        found = house.reader.captures(Filters(q="shop@example.com"), None, 3)
        assert [stored.seq for stored in found.items] == [8, 7, 3]
        rest = house.reader.captures(Filters(q="shop@example.com"), found.next, 3)
        assert [stored.seq for stored in rest.items] == [2]
        assert house.reader.count(Filters(q="shop@example.com")) == 4


@settings(max_examples=examples(60), suppress_health_check=SHARED)
@given(query=st.text(max_size=40))
def test_any_string_is_a_search(searched: Stage, query: str) -> None:
    filters = Filters(q=query)
    assert searched.reader.count(filters) == len(searched.reader.captures(filters).items)


@pytest.fixture
async def searched(tmp_path: Path) -> "object":
    """A stage of which one half is indexed."""
    async with stage(tmp_path / "data") as house:
        await seeded(house)
        house.indexer.catch_up()
        await seeded(house)
        yield house


async def test_pages_hold_still_while_captures_arrive(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await house.record_all([record_of() for _ in range(50)])
        before = [stored.seq for stored in house.reader.captures(Filters(), None, 1000).items]
        seen: list[int] = []
        cursor = None
        for _ in range(20):
            page = house.reader.captures(Filters(), cursor, 7)
            seen += [stored.seq for stored in page.items]
            await house.record_all([record_of() for _ in range(5)])
            cursor = page.next
            if cursor is None:
                break
        assert seen == before
        assert cursor is None


@given(seq=st.integers(min_value=0, max_value=2**63 - 1))
def test_a_cursor_comes_back(seq: int) -> None:
    assert seq_of(cursor_of(seq)) == seq


@given(cursor=st.text(max_size=30))
def test_a_made_up_cursor_is_refused_or_harmless(cursor: str) -> None:
    try:
        seq = seq_of(cursor)
    except BadCursor as error:
        assert "cursor" in str(error)  # noqa: PT017
    else:
        assert seq >= 0


async def test_a_reader_in_another_process_sees_commits_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        with reading(house.data_dir) as other:
            for number in range(1, 20):
                await house.writer.record(record_of())
                assert other.last_seq() == number
                assert [stored.seq for stored in other.since(number - 1)] == [number]


async def test_readers_beside_a_load(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        stop = asyncio.Event()

        async def read() -> int:
            looks = 0
            while not stop.is_set():
                page = await house.reader.aside(house.reader.captures, Filters(channel="payment"), None, 50)
                seqs = [stored.seq for stored in page.items]
                assert seqs == sorted(seqs, reverse=True)
                looks += 1
            return looks

        looking = [asyncio.ensure_future(read()) for _ in range(2)]
        for _ in range(20):
            await house.record_all([record_of() for _ in range(25)])
        stop.set()
        assert all(looks > 0 for looks in await asyncio.gather(*looking))
        assert house.reader.count(Filters()) == 500


async def test_figures(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        await seeded(house)
        tallies = {(row.run, row.channel, row.verdict, row.left): row.count for row in house.reader.tallies()}
        assert tallies == {
            ("ci-1", "payment", "capture", False): 1,
            ("ci-1", "payment", "allow", True): 1,
            ("ci-1", "email", "capture", False): 2,
            ("ci-2", "web", "deny", False): 1,
        }
        line = house.reader.timeline(120, NOON)
        assert [(at, verdict) for at, verdict, _ in line] == sorted((at, verdict) for at, verdict, _ in line)
        assert sum(count for _, _, count in line) == 5
        assert line[0] == (NOON, "capture", 2)
        assert house.reader.real_since(NOON) == 1
        last = house.reader.captures(Filters()).items[0]
        assert [stored.seq for stored in house.reader.similar(last, 5)] == [1]
        charges = house.reader.groups(Filters(channel="payment"))
        assert {(group.operation, group.verdict, group.count) for group in charges} == {
            ("payment_intent.create", "capture", 1),
            ("payment_intent.create", "allow", 1),
        }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Straße_12 Ärger", ["straße", "12", "arger"], id="accents-go-and-underscores-part"),
        pytest.param("a@b.example", ["a", "b", "example"], id="address"),
        pytest.param("\0\ud800!", [], id="nothing"),
    ],
)
def test_tokens(text: str, words: list[str]) -> None:
    assert tokens_of(text) == words


def test_phrases() -> None:
    assert phrases_of("order  a@b.c ???") == [["order"], ["a", "b", "c"]]
