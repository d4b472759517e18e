"""Mailpit's search words find what they find there, and what cannot be understood is refused."""

import re
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from dashboard_stage import capture, recording
from hypothesis import given
from hypothesis import strategies as st
from mailbox_stage import records

from dashboard.mailpit_box import LOOKED_AT, MailBox
from dashboard.mailpit_search import SEARCH_LIMIT, parse
from dashboard.problem import Problem
from ledger.labels import READ, Labels
from ledger.reader import Reader

WELCOME, REPORT, RESET = "Welcome to our shop, Jörg", "Report", "Reset your password"
ALL = {WELCOME, REPORT, RESET}


@pytest_asyncio.fixture(scope="module")
async def box(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MailBox]:
    """Three mails, the report read and tagged, beside a call that is none."""
    async with recording(tmp_path_factory.mktemp("mailbox") / "data") as (ledger, writer):
        for record in [*records(), capture(channel="payment", host="api.stripe.com", scheme="https", port=443)]:
            await writer.record(record)
        reader, labels = Reader(ledger), Labels(ledger)
        made = MailBox(reader, labels)
        for stored in made.find().items:
            if made.read(stored).subject == REPORT:
                labels.put(stored.seq, READ)
                labels.put(stored.seq, "monthly")
        yield made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("from:ann", {WELCOME}, id="from-address"),
        pytest.param('from:"Ann Sender"', {WELCOME}, id="from-name"),
        pytest.param("from:bounce", set(), id="from-is-the-header"),
        pytest.param("to:john", {WELCOME}, id="to-name"),
        pytest.param("to:bob@x.test", {WELCOME, RESET}, id="to-address"),
        pytest.param("-to:bob@x.test", {REPORT}, id="not-to"),
        pytest.param("!to:bob@x.test", {REPORT}, id="not-to-spelt-otherwise"),
        pytest.param("cc:carol", {WELCOME}, id="cc"),
        pytest.param("bcc:hidden@x.test", {WELCOME}, id="bcc-is-who-no-field-names"),
        pytest.param("bcc:dave", {REPORT}, id="bcc-of-a-list"),
        pytest.param("reply-to:help", {WELCOME}, id="reply-to"),
        pytest.param("addressed:hidden", {WELCOME}, id="addressed"),
        pytest.param("-addressed:bob", {REPORT}, id="not-addressed"),
        pytest.param("subject:welcome", {WELCOME}, id="subject"),
        pytest.param('subject:"our shop"', {WELCOME}, id="subject-phrase"),
        pytest.param("subject:jörg", {WELCOME}, id="subject-encoded"),
        pytest.param("-subject:welcome", {REPORT, RESET}, id="not-subject"),
        pytest.param("message-id:welcome-1@", {WELCOME}, id="message-id"),
        pytest.param("tag:Monthly", {REPORT}, id="tag"),
        pytest.param("-tag:monthly", {WELCOME, RESET}, id="not-tag"),
        pytest.param("is:read", {REPORT}, id="read"),
        pytest.param("is:unread", {WELCOME, RESET}, id="unread"),
        pytest.param("-is:read", {WELCOME, RESET}, id="not-read"),
        pytest.param("-is:unread", {REPORT}, id="not-unread"),
        pytest.param("is:tagged", {REPORT}, id="tagged"),
        pytest.param("-is:tagged", {WELCOME, RESET}, id="not-tagged"),
        pytest.param("has:attachment", {WELCOME}, id="attachment"),
        pytest.param("-has:attachments", {REPORT, RESET}, id="no-attachment"),
        pytest.param("has:inline", {WELCOME}, id="inline"),
        pytest.param("larger:10k", {REPORT}, id="larger"),
        pytest.param("smaller:0.5k", {RESET}, id="smaller"),
        pytest.param("-larger:10k", {WELCOME, RESET}, id="not-larger"),
        pytest.param("after:2020-01-01", ALL, id="after"),
        pytest.param("before:2020/01/01", set(), id="before"),
        pytest.param("-after:2020-01-01", set(), id="not-after"),
        pytest.param("code", {WELCOME}, id="word"),
        pytest.param("passw", {RESET}, id="beginning-of-a-word"),
        pytest.param('"your code is"', {WELCOME}, id="phrase"),
        pytest.param('"code your is"', set(), id="phrase-in-another-order"),
        pytest.param("-your", {REPORT}, id="without-a-word"),
        pytest.param("your -code", {RESET}, id="with-and-without"),
        pytest.param("terms.pdf", {WELCOME}, id="attachment-name"),
        pytest.param("to:bob@x.test is:unread subject:reset", {RESET}, id="several"),
        pytest.param("run:ci-1", {RESET}, id="run"),
        pytest.param("-run:ci-1", {WELCOME, REPORT}, id="not-run"),
        pytest.param("run:ci-1 run:ci-2", set(), id="two-runs"),
        pytest.param("subject:Welcome to our shop", {WELCOME}, id="a-key-and-words-after-it"),
        pytest.param("!!! --", ALL, id="signs-alone-are-no-words"),
        pytest.param("nowhere", set(), id="nothing"),
    ],
)
def test_words_find(box: MailBox, query: str, found: set[str]) -> None:
    there = box.find(parse(query))
    assert {box.read(stored).subject for stored in there.items} == found
    assert there.count == len(found)
    assert there.unread == len(found - {REPORT})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("is:red", "is: 'red' is not known; read, unread, tagged are.", id="is"),
        pytest.param("has:wings", "has: 'wings' is not known; attachment and inline are.", id="has"),
        pytest.param("after:soon", "after: 'soon' is no time; write after:2026-11-22", id="after"),
        pytest.param("before:0001-01-01T00:00:00+23:00", "is no time", id="beyond-the-calendar"),
        pytest.param("larger:big", "larger: 'big' is no size; write larger:500k", id="larger"),
        pytest.param("x" * (SEARCH_LIMIT + 1), "A search may have 1000 characters, this one has 1001.", id="long"),
    ],
)
def test_what_is_not_understood_is_said(box: MailBox, query: str, said: str) -> None:
    with pytest.raises(Problem, match=re.escape(said)) as refused:
        box.find(parse(query))
    assert refused.value.status == 400


def test_a_time_zone_moves_times_without_one() -> None:
    auckland, utc = parse("after:2026-11-22", ZoneInfo("Pacific/Auckland")), parse("after:2026-11-22")
    assert auckland.filters.since is not None
    assert utc.filters.since is not None
    assert (utc.filters.since - auckland.filters.since).total_seconds() == 13 * 3600


def test_pages_are_cut_by_offsets(box: MailBox) -> None:
    subjects = [box.read(stored).subject for stored in box.find().items]
    assert subjects == [WELCOME, REPORT, RESET]
    for start in range(4):
        for limit in range(4):
            found = box.find(start=start, limit=limit)
            assert [box.read(stored).subject for stored in found.items] == subjects[start : start + limit]
            assert found.count == 3
            sieved = box.find(parse("-nowhere"), start, limit)
            assert [stored.id for stored in sieved.items] == [stored.id for stored in found.items]


def test_a_search_that_would_look_into_too_many_is_refused(box: MailBox) -> None:
    class Endless:
        """A ledger of more mails than one search looks into."""

        def __init__(self, reader: Reader) -> None:
            self._page = reader.captures(box.filters())

        def captures(self, *args: object) -> object:
            many = self._page.items * (LOOKED_AT // 3)
            return type(self._page)(many[:1000], "more")

    endless = MailBox(Endless(box._reader), box._labels)  # type: ignore[arg-type]  # no more of a reader is asked for
    with pytest.raises(Problem, match="more than 3000 mails"):
        endless.find(parse("-nowhere"))


@given(st.text(max_size=200))
def test_any_text_is_a_search(text: str) -> None:
    assert parse(text).filters.channel is None


@given(
    st.lists(st.sampled_from(['"', "-", "!", "to:", "is:", "after:", "larger:", "a", " ", "\0", "9", "@"]), max_size=30)
)
def test_any_mixture_of_signs_is_a_search(signs: list[str]) -> None:
    parse("".join(signs))
