"""Written values: whatever is done to their texts comes to what is done to data."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from policies import expression_collections, written
from policies.written import Layout, Written, WrittenObject

NAMES = st.sampled_from(["id", "amount", "metadata", "é", 'a"b'])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=8) | st.sampled_from(['"', "\\", "\x00\x1f\x7f", "\u2028", "\U0001f600", "\\ud800"])
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)


def written_object(value: dict[str, Any]) -> WrittenObject:
    layout = Layout(value)
    told = zip(layout.heads, value.values(), strict=True)
    return WrittenObject(layout, [head + written.json_text(item) for head, item in told])


@settings(max_examples=60)
@given(VALUES)
def test_json_is_the_same_octets_as_of_data(value: Any) -> None:
    assert written.json_text(value).encode() == to_json(value)


@settings(max_examples=60)
@given(OBJECTS)
def test_an_object_is_the_same_octets_as_of_data(value: dict[str, Any]) -> None:
    assert written_object(value).text().encode() == to_json(value)
    assert written.plain(written_object(value)) == value


@settings(max_examples=60)
@given(OBJECTS, NAMES)
def test_one_field_is_read_alone(value: dict[str, Any], name: str) -> None:
    of_texts, of_text = written_object(value), Written(to_json(value).decode())

    assert written.field(of_texts, name) == written.field(of_text, name) == written.field(value, name)
    assert written.field(value, name) == value.get(name)


@settings(max_examples=60)
@given(OBJECTS, OBJECTS | VALUES)
def test_patching_is_the_same_as_of_data(value: dict[str, Any], changes: Any) -> None:
    told = written.json_text(written.patched(written_object(value), changes))

    assert told.encode() == to_json(expression_collections.patched(value, changes))


@settings(max_examples=60)
@given(st.lists(st.tuples(OBJECTS | VALUES, st.booleans()), max_size=4))
def test_merging_is_the_same_as_of_data(parts: list[tuple[Any, bool]]) -> None:
    whole: dict[str, Any] = {}
    for value, _ in parts:
        whole.update(value if isinstance(value, dict) else {})
    given_parts = [written_object(value) if told and isinstance(value, dict) else value for value, told in parts]

    assert written.json_text(written.merged(given_parts)).encode() == to_json(whole)


def test_objects_of_the_same_trees_share_how_they_are_merged() -> None:
    one, other = Layout(["a", "b"]), Layout(["b", "c"])

    join = one.joined(other)

    assert one.joined(other) is join
    assert (list(join.layout.places), join.places) == (["a", "b", "c"], (1, 2))
    assert one.joined(Layout(["b"])).layout is one


def test_what_was_merged_into_another_stays_as_it_was() -> None:
    one, other = written_object({"a": 1}), written_object({"a": 2, "b": 3})

    assert written.plain(written.merged([one, other])) == {"a": 2, "b": 3}
    assert written.plain(written.patched(one, {"a": 5})) == {"a": 5}
    assert written.plain(one) == {"a": 1}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param(float("inf"), "null", id="infinite"),
        pytest.param([float("nan"), "\ud800"], '[null,"\ud800"]', id="half-a-surrogate-pair"),
        pytest.param(2**70, str(2**70), id="long-integer"),
        pytest.param(1e16, "1e16", id="fraction"),
    ],
)
def test_what_json_hardly_says(value: Any, told: str) -> None:
    assert written.json_text(value) == told


def test_half_a_surrogate_pair_is_read_as_it_was_written() -> None:
    assert written.plain(written_object({"a": "\ud800"})) == {"a": "\ud800"} == json.loads('{"a":"\\ud800"}')
