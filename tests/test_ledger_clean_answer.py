"""CleanExchange's look at an answer that was written: at what is new in it, as good as one at all of it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from masking_stage import CARD, FORM, request_of

from ledger.clean_exchange import clean_row
from ledger.masking import Masker
from ledger.reply import Reply
from ledger.row import Row
from ledger.secret_hints import KEY_HINT
from policies.decision import Decision
from policies.effect import Effect, Target
from policies.written import Layout, WrittenObject, json_text

KEY = "sk_live_abcdefgh12345678"
PARTS = (
    KEY,
    "soundstage_",
    "0a" * 20,
    CARD,
    "4242",
    " ",
    "-",
    "1234567:",
    ":AA",
    "AA",
    "://",
    "a:b@",
    "Bearer ",
    "SG.",
)
TEXTS = st.lists(st.sampled_from((*PARTS, '"', "\\", "\n", ",", "é", "x")), max_size=5).map("".join)
VALUES = st.one_of(
    TEXTS,
    st.integers(),
    st.none(),
    st.lists(TEXTS | st.integers(), max_size=3),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
)


def answered(value: dict[str, Any], same: set[str]) -> Reply:
    """An answer in which what the keys of `same` lead to is in all of its layout."""
    moving = [key for key in value if key not in same]
    places = {key: moving.index(key) if key in moving else json_text(item) for key, item in value.items()}
    made = WrittenObject(Layout(places, len(moving)), [json_text(value[key]) for key in moving])
    body = made.text().encode()
    return Reply("shaped", 200, (("content-type", "application/json"),), body, told=(body, made))


def row_of(reply: Reply) -> Row | None:
    request = request_of(b"a=1", FORM, "/v1/orders", ())
    target = Target(scheme="https", host=dict(request.names)["host"], port=443, method="POST", path="/v1/orders")
    effect = Effect(channel="webhook", intent="write", protocol="http/1.1", target=target, source="10.0.0.1")
    decision = Decision(verdict="capture", rule="default:webhook", reason="no opt-in matches")
    at = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    return clean_row(Masker(b"k" * 32), "id-1", at, effect, decision, request, reply, ())


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.data())
def test_nothing_is_found_in_all_of_an_answer_that_is_not_found_in_what_is_looked_at(
    value: dict[str, Any], data: st.DataObject
) -> None:
    same = data.draw(st.sets(st.sampled_from([*value]), max_size=3)) if value else set()
    reply = answered(value, same)
    whole = replace(reply, told=None)
    assert row_of(reply) == row_of(whole)
    if KEY_HINT.found(reply.body.decode()):
        assert reply.told is not None
        _, made = reply.told
        assert made.layout.keyless is False or KEY_HINT.found(",".join(made.values))


@pytest.mark.parametrize(
    "same", [pytest.param({"note"}, id="in-what-is-the-same"), pytest.param({"id"}, id="in-what-is-new")]
)
def test_a_key_is_seen_wherever_in_an_answer_it_stands(same: set[str]) -> None:
    assert row_of(answered({"id": "ord_1", "note": KEY}, same)) is None
    assert row_of(answered({"id": "ord_1", "note": "plain"}, same)) is not None


def test_what_was_put_together_says_nothing_of_a_body_that_took_its_place() -> None:
    reply = answered({"id": "ord_1"}, set())
    assert row_of(reply) is not None
    assert row_of(replace(reply, body=b'{"id":"%b"}' % KEY.encode())) is None
