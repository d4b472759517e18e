"""Facts: the one search that lets most of them through never lets a secret through."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.mask_plan import MaskPlan
from ledger.masked_facts import masked_facts, may_hold_secrets

PLAN = MaskPlan(())
NAMES = st.sampled_from(["amount", "recipient", "note", "api_key", "password", "idempotency_key", "subject"])
PIECES = st.sampled_from(
    ["sk_live_abcdefgh1234", "4242424242424242", "4242 4242", "order", "\n", " ", "-", "é", "\ud800"]
)
TEXTS = st.lists(PIECES, max_size=5).map("".join)


def mark(label: str, secret: bytes) -> bytes:
    return f"[removed:{label}]".encode()


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        pytest.param({"recipient": "cus_1", "amount": 4200}, None, id="ordinary"),
        pytest.param({"api_key": "x"}, {"api_key": "[removed:api_key]"}, id="by-name"),
        pytest.param({"api_key": ""}, None, id="nothing-to-remove"),
        pytest.param(
            {"a": "b", "note": "sk_live_abcdefgh1234"}, {"a": "b", "note": "[removed:stripe_secret_key]"}, id="by-shape"
        ),
        pytest.param({"a": {"b": ["4242424242424242"]}}, {"a": {"b": ["[removed:card_number]"]}}, id="nested"),
        pytest.param({"a": "4242424242", "b": "424242"}, None, id="a-number-does-not-go-on-in-the-next-fact"),
    ],
)
def test_facts(facts: dict[str, Any], shown: dict[str, Any] | None) -> None:
    masked = masked_facts(facts, PLAN, mark)
    assert masked == (facts if shown is None else shown)
    assert (masked is facts) is (shown is None)


@given(st.dictionaries(NAMES, TEXTS, max_size=4))
def test_what_one_search_lets_through_each_fact_alone_would(facts: dict[str, str]) -> None:
    alone = [masked_facts({name: {"": text}, "unlike": []}, PLAN, mark) for name, text in facts.items()]
    if not may_hold_secrets(facts, PLAN):
        for (name, text), shown in zip(facts.items(), alone, strict=True):
            assert name == "subject" or PLAN.fact(name) is None or not text
            assert name == "subject" or shown[name] == {"": text}
