"""The search language: every word of it, what is refused, and that no text at all breaks it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.search_language import parse
from ledger.filters import Filters
from ledger.labels import READ

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ALL = ("email", "sms", "push", "chat")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("order", {"q": "order"}, id="word"),
        pytest.param("order  shipped", {"q": "order shipped"}, id="words"),
        pytest.param('"order shipped"', {"q": "order shipped"}, id="quoted"),
        pytest.param("to:ann@example.com", {"to": "ann@example.com"}, id="to"),
        pytest.param("TO:ann", {"to": "ann"}, id="any-case"),
        pytest.param("to: ann", {"to": "ann"}, id="space-after-the-colon"),
        pytest.param('subject:"order shipped"', {"subject": "order shipped"}, id="quoted-value"),
        pytest.param("from:shop run:ci-1", {"sender": "shop", "run": "ci-1"}, id="several"),
        pytest.param("channel:sms verdict:deny", {"channel": "sms", "verdict": "deny"}, id="channel-and-verdict"),
        pytest.param("after:2h", {"since": NOW - timedelta(hours=2)}, id="span"),
        pytest.param("after:today", {"since": NOW.replace(hour=0)}, id="named-day"),
        pytest.param("before:2026-11-20", {"until": datetime(2026, 11, 20, tzinfo=UTC)}, id="day"),
        pytest.param(
            "before:2026-11-20T10:15", {"until": datetime(2026, 11, 20, 10, 15, tzinfo=UTC)}, id="day-and-time"
        ),
        pytest.param("https://shop.example/x", {"q": "https://shop.example/x"}, id="address-is-a-word"),
        pytest.param("order to:", {"q": "order"}, id="still-typing"),
        pytest.param("#4711", {"q": "#4711"}, id="sign"),
        pytest.param("has:attachment", {"trait": "attachment"}, id="attachment"),
        pytest.param("flag:card_number", {"trait": "card_number"}, id="flag"),
        pytest.param("is:unread tag:Refund", {"unlabelled": READ, "label": "refund"}, id="unread-and-tag"),
        pytest.param("is:read", {"label": READ}, id="read"),
    ],
)
def test_what_the_ledger_is_asked(text: str, expected: dict[str, object]) -> None:
    asked = parse(text, NOW)
    assert asked.filters == Filters(channels=ALL, **expected)  # type: ignore[arg-type]  # a table of keywords
    assert asked.wrong == ()


def test_what_is_sieved_afterwards() -> None:
    asked = parse('larger:1.5M -draft -"two words" larger:2M', NOW)
    assert asked.wrong == ("larger: '1.5M' is no size; write larger:500k or larger:2M.",)
    asked = parse('larger:2M -Draft -"two words"', NOW)
    assert (asked.larger, asked.without) == (2_000_000, ("draft", "two words"))
    assert asked.sieved


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("larger:big", "larger: 'big' is no size; write larger:500k or larger:2M."),
        ("is:late", "is: 'late' is not known; is:unread and is:read are."),
        ("is:read tag:x", "is:read or tag: is given twice; a message has to match both, so put them into one."),
        ("has:teeth", "has: 'teeth' is not known; has:attachment is."),
        ("verdict:maybe", "verdict: 'maybe' is not known; allow, divert, capture, deny are."),
        ("channel:payment", "channel: 'payment' is not known; email, sms, push, chat are."),
        ("-to:ann", "-to: cannot be excluded; only words can (-ann)."),
        ("to:a to:b", "to: is given twice; a message has to match both, so put them into one."),
        ("after:teatime", "after: 'teatime' is no time; write after:2026-11-22, after:2026-11-22T10:15 or after:2h."),
    ],
)
def test_what_is_not_understood_is_said(text: str, sentence: str) -> None:
    assert parse(text, NOW).wrong == (sentence,)


@given(st.text(max_size=2000))
def test_any_text_is_read(text: str) -> None:
    asked = parse(text, NOW)
    assert asked.filters.channels == ALL


@given(st.lists(st.sampled_from(["to:a", "has:attachment", "-x", '"', "larger:", "after:99999w", ":", "-", "order"])))
def test_any_mix_of_its_own_words_is_read(words: list[str]) -> None:
    asked = parse(" ".join(words), NOW)
    assert all(sentence.endswith(".") for sentence in asked.wrong)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("frm:ann", ("frm:",), id="misspelt"),
        pytest.param("https://shop.example/x", (), id="an-address"),
        pytest.param("from:ann order", (), id="known"),
    ],
)
def test_what_looks_like_a_key_and_is_none_is_looked_for_and_told(text: str, told: tuple[str, ...]) -> None:
    assert parse(text, NOW).as_text == told
