"""Parts that write: what is known of them at load, and that it holds for what they give."""

import json
from typing import Any

import pytest

from policies.expression import compile_expression
from policies.expression_code import Constant
from policies.written import WrittenObject
from policies.written_code import (
    IntegerCode,
    ObjectCode,
    ReadCode,
    SafeCode,
    TruthCode,
    kind_of,
    list_code,
    told_of,
)

NAMES = frozenset({"var.a", "safe.s", "written.o"})


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        pytest.param("gen.b62(3)", SafeCode, id="identifier"),
        pytest.param("'pi_' ~ gen.b62(3) ~ var.s", SafeCode, id="texts-of-ours"),
        pytest.param("'a' if x.v else 'b'", SafeCode, id="one-of-two-words"),
        pytest.param("now ~ '.' ~ gen.digits(6)", SafeCode, id="number-of-ours-and-texts"),
        pytest.param("not x.v", TruthCode, id="negation"),
        pytest.param("x.v == 1", TruthCode, id="equality"),
        pytest.param("now", IntegerCode, id="seconds"),
        pytest.param("var.o", ReadCode, id="what-was-written"),
        pytest.param("var.o|patched(x)", ReadCode, id="patched"),
        pytest.param("var.o if x.v else 1", ReadCode, id="perhaps-written"),
    ],
)
def test_what_is_known_at_load(source: str, kind: type) -> None:
    assert isinstance(compile_expression(source, NAMES), kind)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("""'"' ~ gen.b62(3)""", id="quote"),
        pytest.param("'é' ~ gen.b62(3)", id="no-ascii"),
        pytest.param("x.v ~ gen.b62(3)", id="of-a-client"),
        pytest.param("'a' if x.v else x.w", id="perhaps-of-a-client"),
        pytest.param("'a' if x.v", id="perhaps-nothing"),
        pytest.param("x.v and 'a'", id="perhaps-a-value"),
        pytest.param("x.v < 1", id="perhaps-no-truth"),
        pytest.param("var.a", id="any-let"),
        pytest.param("capture", id="not-ours-to-say"),
    ],
)
def test_what_is_not_known_at_load(source: str) -> None:
    assert not isinstance(compile_expression(source, NAMES), SafeCode | TruthCode | IntegerCode | ReadCode)


class Context:
    """What the code under test names."""

    def __init__(self, value: Any) -> None:
        self.x = value
        self.names = {"written.o": ObjectCode({"a": Constant(1)})(None)}


def test_an_object_is_what_differs_and_text() -> None:
    made = ObjectCode({"a": compile_expression("x"), 'b"': Constant([None])})
    given = made(Context('q"'))

    assert isinstance(given, WrittenObject)
    assert (given.layout.places, given.values) == ({"a": 0, 'b"': "[null]"}, ['"q\\""'])
    assert made.told(Context('q"')) == given.text() == '{"a":"q\\"","b\\"":[null]}'


def test_what_is_written_stays_so_in_what_is_written_around_it() -> None:
    read = compile_expression("var.o", NAMES)
    assert isinstance(read, ReadCode)

    whole = list_code([read.raw, Constant(2), compile_expression("x")])

    assert json.loads(whole.told(Context(None))) == [{"a": 1}, 2, None]
    assert read(Context(None)) == {"a": 1}


def test_a_let_is_named_by_its_kind() -> None:
    kinds = [kind_of(compile_expression(source)) for source in ("gen.hex(2)", "x")]

    assert [*kinds, kind_of(ObjectCode({"a": Constant(1)})), kind_of(Constant({}))] == ["safe", "var", "written", "var"]


def test_a_constant_is_written_at_load() -> None:
    told = told_of(Constant({"a": "é"}))

    assert isinstance(told, Constant)
    assert told.value == '{"a":"é"}'
