"""Secret hints: where one is not found, the pattern it stands for finds nothing."""

import re

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from masking_stage import CARD

from ledger.mask_plan import MaskPlan
from ledger.secret_hints import KEY_HINT, KEYS, OURS_HINT
from ledger.secret_names import ENDINGS, QUERY_WHOLE, WHOLE
from ledger.secret_patterns import _KEYS, OURS
from policies.secret_place import SecretPlace

PLACES = (
    SecretPlace(where="body", name="partner_ref", label="partner_ref"),
    SecretPlace(where="body", name="card.x-code", label="partner_ref"),
)
PLAN = MaskPlan(PLACES)
AROUND = st.text(st.sampled_from('aZ09_-. \n%&=?"{}:/@é\u017f\u212a'), max_size=4).map(str.encode)
PATTERNS = dict(_KEYS)
PIECES = st.sampled_from(
    f"sk_live_|Zz09Aa-_|{'a' * 30}|{CARD}|4242 |%20|-|api|\u017f|\u212a|é|key|%5b|\\u0070|%70|?|=|&|code|"
    'authorization_code|pass|"|soundstage_|://|:|@|Bearer |eyJ|.|c291bmRzdGFnZVabc|MGEwYTBh|PARTNER_ref|X-CODE|secret|'
    "session|id|\n|0a1b2c3d|%7B".split("|")
)


def of_pattern(pattern: bytes) -> st.SearchStrategy[bytes]:
    """Octets the pattern matches, with others around them."""
    return st.tuples(AROUND, st.from_regex(re.compile(pattern.replace(rb"\z", rb"\Z"), 0)), AROUND).map(b"".join)


def test_each_key_has_its_hint() -> None:
    assert list(KEYS) == list(PATTERNS)


@pytest.mark.hypothesis
@pytest.mark.parametrize("label", PATTERNS)
def test_a_key_is_never_without_its_hint(label: str) -> None:
    plan, found = MaskPlan(()), 0

    @settings(max_examples=examples(15))
    @given(of_pattern(PATTERNS[label]))
    def holds(octets: bytes) -> None:
        nonlocal found
        if plan.any_key.search(octets) is not None:
            found += 1
            assert KEY_HINT.possible(octets)

    holds()
    assert found


@given(st.one_of([of_pattern(b"(?i:" + names + b")") for names in (ENDINGS, WHOLE, QUERY_WHOLE)]))
def test_a_name_is_never_without_its_hint(octets: bytes) -> None:
    assert PLAN.any_in_body.search(octets) is None or PLAN.is_hint_in(octets)
    assert PLAN.any_in_header.search(octets) is None or PLAN.is_in_header(octets)


@given(st.lists(PIECES, max_size=8).map(lambda pieces: "".join(pieces).encode()))
def test_whatever_is_found_was_possible(octets: bytes) -> None:
    assert PLAN.is_in_body(octets) == (PLAN.any_in_body.search(octets) is not None)
    assert PLAN.is_in_header(octets) == (PLAN.any_in_header.search(octets) is not None)
    assert PLAN.is_key_in(octets) == (PLAN.any_key.search(octets) is not None)
    assert OURS.search(octets) is None or OURS_HINT.possible(octets)


def test_a_name_that_is_no_ascii_is_looked_for_by_the_pattern_itself() -> None:
    plan = MaskPlan((SecretPlace(where="body", name="schlüssel"),))
    assert plan.is_hint_in(b"amount=1")
    assert plan.is_in_body("schlüssel=1".encode())
    assert not plan.is_in_body(b"amount=1")


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"amount=4200&currency=eur&receipt_email=ann%40example.test&metadata%5Border%5D=A1", id="form"),
        pytest.param(b'{"id":"pi_3W5fY6J2isSuTdJrhH22TKS2","created":1795351502,"name":"J\xc3\xa4rn"}', id="json"),
        pytest.param(b"01a20349-ddc7-72fd-8d99-03be6af53b88", id="identifier"),
        pytest.param(b"2026-11-22T10:15:30.123456Z", id="moment"),
    ],
)
def test_ordinary_texts_hold_no_hint(octets: bytes) -> None:
    assert not PLAN.is_hint_in(octets)
