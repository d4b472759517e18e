"""One function for all of an answer: its order, its headers, and what it leaves in the context."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.answer_code import LONGEST_HEADER, AnswerCode, shown
from policies.expression_code import LONGEST, Constant, Evaluate, code, displayed
from policies.written_code import safe_code


class Context:
    """What the code under test names."""

    def __init__(self, value: Any = None) -> None:
        self.x = value
        self.body: Any = None
        self.names: dict[str, Any] = {}


def test_what_is_named_is_named_in_order() -> None:
    first, second = code("c.x"), code("[c.names['var.a'], 2]")
    context = Context(1)

    made = AnswerCode([("var.a", first), ("var.b", second)], Constant(201), [], code("c.names['var.b']"))

    assert made(context) == (201, [], [1, 2])
    assert (context.names, context.body) == ({"var.a": 1, "var.b": [1, 2]}, [1, 2])


def test_headers_are_made_last_and_null_leaves_one_out() -> None:
    headers: list[tuple[str, Evaluate]] = [
        ("a", Constant(7)),
        ("b", code("c.x")),
        ("c", safe_code("c.body")),
        ("d", code("c.body")),
        ("e", Constant(None)),
    ]

    _, told, _ = AnswerCode([], Constant(200), headers, Constant("text"))(Context())

    assert told == [("a", "7"), ("c", "text"), ("d", "text"), ("e", "")]


def test_a_name_and_a_long_part_are_no_more_than_they_say() -> None:
    name = "var.a'] = 1 #\n"
    context = Context("x")

    made = AnswerCode(
        [(name, displayed([code("c.x")] * LONGEST))], Constant(200), [(name, code("c.x"))], Constant(None)
    )

    assert made(context) == (200, [(name, "x")], None)
    assert context.names == {name: ["x"] * LONGEST}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param("a\r\nb: é", "ab: ", id="another-header"),
        pytest.param(True, "true", id="truth"),
        pytest.param("x" * 5000, "x" * LONGEST_HEADER, id="long"),
    ],
)
def test_a_header_says(value: Any, told: str) -> None:
    assert shown(value) == told


@given(st.text())
def test_a_header_is_printable(value: str) -> None:
    assert shown(value).isascii()
    assert shown(value).isprintable()
