"""JSON bodies: what `json.loads` reads is read, and a name given twice is told of."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.request_json import read_json

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]), st.sampled_from(["", " \n"]))
def test_any_json_comes_back(value: Any, encoding: str, space: str) -> None:
    faults: list[str] = []
    assert read_json(f"{space}{json.dumps(value)}{space}".encode(encoding), faults) == value
    assert faults == []


@pytest.mark.parametrize(
    ("body", "value", "faults"),
    [
        pytest.param(b'{"a":1,"a":2}', {"a": 2}, 1, id="name-twice"),
        pytest.param(b'[{"a":1,"a":2},{"b":1,"b":2}]', [{"a": 2}, {"b": 2}], 2, id="each-object-is-told-of"),
        pytest.param(b' {"a":1,"a":2}\n', {"a": 2}, 1, id="white-space-around"),
        pytest.param(b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}], 0, id="in-two-objects"),
    ],
)
def test_a_name_given_twice_is_told_of(body: bytes, value: Any, faults: int) -> None:
    told: list[str] = []
    assert read_json(body, told) == value
    assert told == ["a JSON object with a name given twice"] * faults


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(b"{", "property name", id="broken-off"),
        pytest.param(b"{}x", "Extra data", id="something-after-it"),
        pytest.param(b"[NaN]", "NaN is no JSON number", id="no-number"),
        pytest.param(b'["\xff"]', "can't decode byte", id="no-utf-8"),
        pytest.param(b"", "Expecting value", id="empty"),
        pytest.param(b"[", "Expecting value", id="one-octet"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_json(body, [])
