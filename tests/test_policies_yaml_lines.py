"""YAML with the line of each value."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.yaml_lines import YamlTrouble, parse


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param("", None, id="empty"),
        pytest.param("a: 1\nb: [x, 2.5, null, ~, true]\n", {"a": 1, "b": ["x", 2.5, None, None, True]}, id="scalars"),
        pytest.param("read: no\nto: on\n", {"read": "no", "to": "on"}, id="no-and-on-are-words"),
        pytest.param("expires: 2026-12-31", {"expires": "2026-12-31"}, id="a-date-is-a-string"),
        pytest.param("at: 2026-12-31T10:00:00Z", {"at": "2026-12-31T10:00:00Z"}, id="a-time-is-a-string"),
        pytest.param("a: 010\nb: 0x10\nc: 0o10", {"a": 10, "b": 16, "c": 8}, id="integers"),
        pytest.param("a: 1:30", {"a": "1:30"}, id="no-sixties"),
        pytest.param("a: 1_000", {"a": "1_000"}, id="no-underscores-in-numbers"),
        pytest.param("a: &x {k: v}\nb: *x", {"a": {"k": "v"}, "b": {"k": "v"}}, id="aliases"),
        pytest.param("a: '1'", {"a": "1"}, id="quoted"),
        pytest.param("a: =", {"a": "="}, id="equals-sign"),
        pytest.param("<<: x", {"<<": "x"}, id="no-merge-keys"),
        pytest.param("a:", {"a": None}, id="nothing"),
        pytest.param("1: x", {1: "x"}, id="number-as-key"),
    ],
)
def test_values(text: str, data: Any) -> None:
    assert parse(text).data == data


def test_lines() -> None:
    document = parse("version: 1\nopt_in:\n  - id: a\n    to: x\n\n  - id: b\n    to:\n      y\n")
    assert document.line(("opt_in",)) == 2
    assert document.line(("opt_in", 0)) == 3
    assert document.line(("opt_in", 1, "to")) == 7
    assert document.line(("opt_in", 1, "why")) == 6
    assert document.line(("nothing", "here")) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("a: 1\na: 2", "line 2: the key 'a' stands here a second time; the first is in line 1", id="twice"),
        pytest.param(
            "a: !!python/object:os.system x",
            "line 1: the tag 'tag:yaml.org,2002:python/object:os.system' is not understood",
            id="tag",
        ),
        pytest.param("a: !x {}", "line 1: the tag '!x' is not understood", id="tag-of-a-mapping"),
        pytest.param("a: !x []", "line 1: the tag '!x' is not understood", id="tag-of-a-list"),
        pytest.param("a: 1\n b: 2", "line 2: mapping values are not allowed", id="indentation"),
        pytest.param("a: &x [*x]", "line 1: the alias 'x' names nothing that stands before it", id="holds-itself"),
        pytest.param("? [a, b]\n: 1", "line 1: the key is not a word", id="list-as-key"),
        pytest.param("true: 1", "line 1: the key 'true' is not a word", id="truth-as-key"),
        pytest.param("a: *x", "line 1: the alias 'x' names nothing that stands before it", id="unknown-alias"),
        pytest.param("--- a\n--- b", "line 2: a second document begins here, where one belongs", id="two-documents"),
        pytest.param("a: \x00", "line 1: ", id="nul"),
        pytest.param("[" * 300_000, "line 1: it nests deeper than 60 levels", id="deep"),
        pytest.param("- " * 300_000, "line 1: it nests deeper than 60 levels", id="deep-block"),
        pytest.param(
            "\n".join(["a0: &a0 x"] + [f"a{n + 1}: &a{n + 1} [{','.join([f'*a{n}'] * 9)}]" for n in range(8)]),
            "line 7: it stands for more than 500000 values",
            id="billion-laughs",
        ),
    ],
)
def test_refused(text: str, complaint: str) -> None:
    with pytest.raises(YamlTrouble) as raised:
        parse(text)
    assert str(raised.value).startswith(complaint)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(YamlTrouble):
        assert parse(text).line(()) >= 1


_words = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=10,
)


@given(_values)
def test_json_is_yaml(data: Any) -> None:
    assert parse(json.dumps(data)).data == data
