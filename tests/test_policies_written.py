"""Written values: whatever is done to their texts comes to what is done to data."""

import json
from typing import Any

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from policies import expression_collections, written
from policies.written import MOST_REMEMBERED, Layout, Written, WrittenObject

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
    """Every other key is one whose value never changes."""
    told = {key: written.json_text(item) for key, item in value.items()}
    moving = [key for at, key in enumerate(told) if at % 2 == 0]
    places = {key: moving.index(key) if key in moving else text for key, text in told.items()}
    return WrittenObject(Layout(places, len(moving)), [told[key] for key in moving])


@settings(max_examples=examples(60))
@given(VALUES)
def test_json_is_the_same_octets_as_of_data(value: Any) -> None:
    assert written.json_text(value).encode() == to_json(value)


@settings(max_examples=examples(60))
@given(OBJECTS)
def test_an_object_is_the_same_octets_as_of_data(value: dict[str, Any]) -> None:
    assert written_object(value).text().encode() == to_json(value)
    assert written.plain(written_object(value)) == value


@settings(max_examples=examples(60))
@given(OBJECTS, NAMES)
def test_one_field_is_read_alone(value: dict[str, Any], name: str) -> None:
    of_texts, of_text = written_object(value), Written(to_json(value).decode())

    assert written.field(of_texts, name) == written.field(of_text, name) == written.field(value, name)
    assert written.field(value, name) == value.get(name)


@settings(max_examples=examples(60))
@given(OBJECTS, OBJECTS | VALUES)
def test_patching_is_the_same_as_of_data(value: dict[str, Any], changes: Any) -> None:
    told = written.json_text(written.patched(written_object(value), changes))

    assert told.encode() == to_json(expression_collections.patched(value, changes))


@settings(max_examples=examples(60))
@given(OBJECTS | VALUES, OBJECTS | VALUES, OBJECTS)
def test_patching_under_another_object_is_the_same_as_of_data(value: Any, changes: Any, over: dict[str, Any]) -> None:
    last = written_object(over)
    of_texts = written_object(value) if isinstance(value, dict) else value
    told = written.json_text(written.patched(of_texts, changes, last.layout, last.values))

    patched = expression_collections.patched(value, changes)
    assert told.encode() == to_json({**(patched if isinstance(patched, dict) else {}), **over})


@settings(max_examples=examples(60))
@given(st.lists(st.tuples(OBJECTS | VALUES, st.booleans()), max_size=4))
def test_merging_is_the_same_as_of_data(parts: list[tuple[Any, bool]]) -> None:
    whole: dict[str, Any] = {}
    for value, _ in parts:
        whole.update(value if isinstance(value, dict) else {})
    given_parts = [written_object(value) if told and isinstance(value, dict) else value for value, told in parts]

    assert written.json_text(written.merged(given_parts)).encode() == to_json(whole)


@settings(max_examples=examples(60))
@given(OBJECTS, st.lists(st.tuples(OBJECTS, st.booleans()), max_size=3))
def test_what_was_changed_is_changed_again_as_data_is(value: dict[str, Any], steps: list[tuple[Any, bool]]) -> None:
    of_texts: Any = written_object(value)
    for other, is_patch in steps:
        of_texts = written.patched(of_texts, other) if is_patch else written.merged([of_texts, written_object(other)])
        value = expression_collections.patched(value, other) if is_patch else {**value, **other}

    assert written.json_text(of_texts).encode() == to_json(value)


def test_objects_of_the_same_trees_share_how_they_are_merged_and_patched() -> None:
    one, other = Layout({"a": 0, "b": "1"}, 1), Layout({"b": 0, "c": "null"}, 1)

    assert one.joined(other) is one.joined(other)
    assert one.joined(other).places == {"a": 0, "b": 1, "c": "null"}
    assert one.changed(["b"]) is one.changed(["b"])
    assert one.changed(["b", "a"]).places == {"a": 2, "b": 1}
    assert one.changed(["a"], other) is one.changed(["a"], other)
    assert one.changed(["a"], other).places == {"a": 1, "b": 2, "c": "null"}


def test_no_client_makes_a_tree_remember_without_end() -> None:
    names = [f"k{number}" for number in range(2 * MOST_REMEMBERED)]
    layout = Layout(dict.fromkeys(names, "null"), 0)
    first = layout.changed([names[0]])
    for name in names:
        assert written.plain(written.patched(WrittenObject(layout, []), {name: 7}))[name] == 7

    assert layout.changed([names[-1]]) is layout.changed([names[-1]])
    assert layout.changed([names[0]]) is not first


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
