"""One function for all of an answer: its order, its headers, and what it leaves in the context."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.answer_code import LONGEST_HEADER, AnswerCode, shown
from policies.answer_settled import MOST_DRAWN
from policies.expression import compile_expression
from policies.expression_code import LONGEST, Constant, Evaluate, called, code, displayed
from policies.pack_generator import Generator
from policies.written_code import let, safe_code


class Context:
    """What the code under test names."""

    def __init__(self, value: Any = None) -> None:
        self.x = value
        self.body: Any = None
        self.gen = Generator(b"s")
        self.req: Any = None
        self.names: dict[str, Any] = {}


def test_what_is_named_is_named_in_order() -> None:
    first, second = code("c.x"), called(lambda context: [context.names["var.a"], 2], code("c"))
    context = Context(1)

    made = AnswerCode([("var.a", first), ("var.b", second)], Constant(201), [], code("c.names['var.b']"))

    assert made(context) == (201, [], [1, 2], [])
    assert (context.names, context.body) == ({"var.a": 1, "var.b": [1, 2]}, [1, 2])


def test_headers_are_made_last_and_null_leaves_one_out() -> None:
    headers: list[tuple[str, Evaluate]] = [
        ("a", Constant(7)),
        ("b", code("c.x")),
        ("c", safe_code("c.body")),
        ("d", code("c.body")),
        ("e", Constant(None)),
    ]

    _, told, _, _ = AnswerCode([], Constant(200), headers, Constant("text"))(Context())

    assert told == [("a", "7"), ("c", "text"), ("d", "text"), ("e", "")]


def test_a_name_and_a_long_part_are_no_more_than_they_say() -> None:
    name = "var.a'] = 1 #\n"
    context = Context("x")
    asks = called(lambda context: context.names[name], code("c"))

    made = AnswerCode(
        [(name, displayed([code("c.x")] * LONGEST))], Constant(200), [(name, code("c.x"))], Constant(None), [asks]
    )

    assert made(context) == (200, [(name, "x")], None, [["x"] * LONGEST])
    assert context.names == {name: ["x"] * LONGEST}


def test_what_is_kept_is_told_last_and_names_are_put_down_for_who_asks_alone() -> None:
    name = let("safe", "a")
    context = Context(1)

    made = AnswerCode([("safe.a", safe_code("c.gen.b62(3)"))], Constant(200), [], name).keeping([name, code("c.body")])
    _, _, body, kept = made(context)

    assert kept == [body, body]
    assert context.names == {}


def test_identifiers_drawn_together_are_as_long_as_they_say_and_none_is_anothers() -> None:
    sizes = [3, 200, 100, 17, 1, 64]
    drawn = [safe_code(f"c.gen.b62({size})") for size in sizes]
    calls: list[Evaluate] = [*drawn, safe_code("c.gen.hex(8)"), Constant("c.gen.b62(3)")]

    made = AnswerCode([], Constant(200), [], displayed(calls))
    _, _, told, _ = made(Context())

    assert [len(one) for one in told[:6]] == sizes
    assert sum(sizes[:2]) + sizes[3] <= MOST_DRAWN < sum(sizes)
    pieces = [one[at : at + 10] for one in told[:6] for at in range(0, len(one) - 9, 10)]
    assert len(set(pieces)) == len(pieces)
    assert told[7] == "c.gen.b62(3)"
    assert told == made(Context())[2]


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


def test_what_is_asked_for_more_than_once_is_asked_for_once() -> None:
    asked = list[str]()

    class Fields(dict[str, Any]):
        """Says what it was asked for."""

        def get(self, key: str, _default: Any = None) -> Any:
            asked.append(key)
            return super().get(key)

    class Request:
        """Of whose objects a form is one."""

        form = Fields(a=1, b=2)

    parts = [compile_expression(f"req.form.{name}") for name in "aabba"] + [compile_expression("req.form.c")]
    context = Context()
    context.req = Request()

    assert AnswerCode([], Constant(200), [], displayed(parts))(context)[2] == [1, 1, 2, 2, 1, None]
    assert sorted(asked) == ["a", "b", "c"]
