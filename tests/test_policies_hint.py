"""Hint: found wherever it stands, and taken for possible where nobody can tell."""

import pytest

from policies.hint import Hint

HINT = Hint("a{2}b|(?i:key)")


@pytest.mark.parametrize(
    ("octets", "possible"),
    [
        pytest.param(b"xaabx", True, id="within"),
        pytest.param("Größe: KeY".encode(), True, id="among-other-letters"),
        pytest.param(b"abab", False, id="not-there"),
        pytest.param(b"", False, id="empty"),
        pytest.param(b"caf\xe9", True, id="latin-1"),
        pytest.param(b"\xed\xa0\x80", True, id="half-a-surrogate-pair"),
        pytest.param(b"\xff\xfea\0", True, id="utf-16"),
    ],
)
def test_what_is_not_possible_is_surely_not_there(octets: bytes, possible: bool) -> None:
    assert HINT.possible(octets) is possible
