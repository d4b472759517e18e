"""Stray keys: the one look that most requests get away with never misses what the exact search finds."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.stray_key import Anywhere

KEYS = Anywhere((r"^(?:sk|rk)_(?:org_)?live_", r"^key of ", r"^häkchen-"))
PIECES = (
    "sk_live_1",
    "rk_org_live_",
    "key of ann",
    "key+of+ann",
    "häkchen-1",
    "sk_",
    "live_",
    "%",
    "5F",
    "\\u005f",
    "\\u0073",
    "c2tfbGl2ZV8xMjM0",
    "ransfer-",
    "é",
    "\n",
    "x",
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)


@given(TEXTS, TEXTS, st.booleans(), st.sampled_from(["", "_", "l", "aeiou_", " "]))
def test_what_the_search_finds_the_hint_takes_for_possible(beside: str, said: str, in_body: bool, escaped: str) -> None:
    said = "".join([quote(one, safe="").lower() if one in escaped else one for one in said])
    told, body = (beside, said.encode()) if in_body else (beside + said, b"")
    if KEYS.found(told.encode(), body):
        assert KEYS.may_be_anywhere(told, body)


@pytest.mark.parametrize(
    ("beside", "body"),
    [
        pytest.param("/v1/charges\nkey-1", b"source=sk%5flive%5f1", id="escaped"),
        pytest.param("/v1/charges\nkey-1", b"amount=1\xff", id="octets-that-are-no-text"),
        pytest.param("/v1/charges\nkey-\ud800", b"amount=1", id="half-a-surrogate-pair"),
        pytest.param("/v1/charges\nBaSiC c2tfbGl2ZV8xOg==", b"", id="user-and-password"),
    ],
)
def test_whatever_may_hold_a_key_is_possible(beside: str, body: bytes) -> None:
    assert KEYS.may_be_anywhere(beside, body)


def test_a_usual_request_is_told_apart_at_one_look() -> None:
    keys = Anywhere((r"^(?:sk|rk|pk)_(?:org_)?live_",))
    assert not keys.may_be_anywhere("/v1/payment_intents\nkey-1", b"amount=4200&receipt_email=ann%40example.test")
    assert not keys.may_be_anywhere(
        "/v1/payment_intents", b'{"note": "caf\\u00e9 \\u20ac 5\\n", "file": "JVBERi0xLjcKZW5k"}'
    )
