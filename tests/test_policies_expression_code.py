"""The source that parts are put together to, and that nothing written in a pack becomes more than a literal in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.expression import compile_expression
from policies.expression_code import DEEPEST, Code, Constant, called, code, displayed


class Context:
    """What the code under test names."""

    def __init__(self, value: Any = None) -> None:
        self.x = value
        self.names: dict[str, Any] = {}


def test_parts_are_written_out_into_one_function() -> None:
    whole = code("({0} or {1})", code("c.x"), Constant(7))

    assert whole.source == "(c.x or 7)"
    assert (whole(Context()), whole(Context(3))) == (7, 3)


def test_objects_are_held_by_names_of_their_own() -> None:
    one, other = called(len, code("c.x")), called(str, code("c.x"))

    assert displayed([one, other])(Context([1, 2])) == [2, "[1, 2]"]


def test_what_is_deep_is_called_so_that_python_can_parse_it() -> None:
    whole = code("c.x")
    for _ in range(20 * DEEPEST):
        whole = called(abs, whole)

    assert whole.source.count("(") <= DEEPEST + 2
    assert whole(Context(-3)) == 3


def test_nothing_of_python_is_within_reach() -> None:
    with pytest.raises(NameError):
        Code("open", {}, 0)(Context())


@given(st.text())
def test_a_text_is_a_literal_whatever_it_says(written: str) -> None:
    assert called(lambda value: value, Constant(written))(Context()) == written


@given(st.text(max_size=30).filter(lambda name: "{" not in name))
def test_a_key_is_a_literal_whatever_it_says(name: str) -> None:
    literal = "'" + name.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") + "'"

    assert compile_expression(f"x[{literal}]")(Context({name: 5})) == 5


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(-1, id="negative"),
        pytest.param(2.5, id="fraction"),
        pytest.param(float("inf"), id="infinite"),
        pytest.param(10**30, id="long"),
        pytest.param([1, {"a": None}], id="structure"),
        pytest.param(True, id="truth"),
    ],
)
def test_every_kind_of_literal_keeps_its_value(value: Any) -> None:
    assert displayed([Constant(value), code("c.x")])(Context(1)) == [value, 1]
