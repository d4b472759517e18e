"""What a pattern's matches must contain: said where it is sure, and never of a text that a match may lack."""

import pytest
import re2
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.expression_filters import QUIET
from policies.pattern_literal import literal_of


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        pytest.param("^(?:sk|rk|pk)_(?:org_)?live_", "live_", id="stripe"),
        pytest.param(r"^SG\.", "SG.", id="escaped-sign"),
        pytest.param("^xox[a-z]-", "xox", id="class"),
        pytest.param("ab{2,3}c", "a", id="counted"),
        pytest.param("abc?d", "ab", id="perhaps"),
        pytest.param("ab+cd", "ab", id="once-or-more"),
        pytest.param("ab|cd", "", id="alternatives"),
        pytest.param("x(?:ab|cd)yz", "yz", id="alternatives-in-a-group"),
        pytest.param(r"\(ab\)", "(ab)", id="escaped-group"),
        pytest.param("[]ab]cde", "cde", id="class-with-its-own-end"),
        pytest.param("[^[:alpha:]_x]y", "", id="class-in-a-class"),
        pytest.param("(?i)abc", "", id="flag"),
        pytest.param(r"\pNfoo", "", id="escape-that-goes-on"),
        pytest.param(r"a\x41", "", id="escape-by-number"),
        pytest.param(r"\Qa|b\E", "", id="quotation"),
    ],
)
def test_literals(pattern: str, literal: str) -> None:
    assert literal_of(pattern) == literal


_PIECES = ("a", "b", "live_", "\\.", "?", "*", "+", "{2}", "{0,1}", "|", "(?:", ")", "(", "[ab]", "[^a]", "^", "$", ".")


@settings(max_examples=examples(400))
@given(st.lists(st.sampled_from(_PIECES), max_size=7).map("".join), st.text("abliv_e.1\n", max_size=12))
def test_whatever_matches_contains_it(pattern: str, text: str) -> None:
    try:
        found = re2.compile(pattern, QUIET).search(text)
    except re2.error:
        return
    assert found is None or literal_of(pattern) in text
