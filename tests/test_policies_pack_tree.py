"""Trees: literal parts laid down once, directives, shapes, and texts with expressions in them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from requests_seen import view

from policies.expression_operators import Constant, ExpressionError
from policies.expression_values import TooLarge
from policies.pack_context import PackContext
from policies.pack_file import ResponseEntry
from policies.pack_generator import Generator
from policies.pack_parts import PartCompiler
from policies.pack_tree import TreeError, Trees
from policies.pack_xml import written
from policies.text_parts import split_text

SHAPES = {"card": {"last4": "4242", "of": "${x.name}"}, "a": {"$shape": "b"}, "b": {"$shape": "a"}}


def made(tree: Any, **facts: Any) -> Any:
    context = PackContext(view(), at=datetime(2026, 11, 22, tzinfo=UTC), gen=Generator(b"s"), x=facts)
    return Trees(SHAPES).compile(tree, frozenset())(context)


@pytest.mark.parametrize(
    ("tree", "value"),
    [
        pytest.param({"a": 1, "b": [True, None]}, {"a": 1, "b": [True, None]}, id="literal"),
        pytest.param("${x.n}", 3, id="keeps-its-type"),
        pytest.param("n=${x.n}!", "n=3!", id="inside-a-text"),
        pytest.param("${ {'a': {'b': x.n}}.a.b }", 3, id="braces-inside"),
        pytest.param("${'}' ~ x.n}", "}3", id="brace-in-a-text"),
        pytest.param({"b": "${x.n}", "a": 1}, {"b": 3, "a": 1}, id="order-is-kept"),
        pytest.param({"$each": "x.list", "$as": "e", "$do": {"v": "${i ~ e}"}}, [{"v": "0p"}, {"v": "1q"}], id="each"),
        pytest.param({"$each": "x.missing", "$do": 1}, [], id="each-of-nothing"),
        pytest.param({"$map": "x.list", "$as": "e", "$key": "e ~ '!'", "$value": "${i}"}, {"p!": 0, "q!": 1}, id="map"),
        pytest.param({"$if": "x.n > 2", "$then": "big", "$else": "small"}, "big", id="if"),
        pytest.param({"$if": "x.n > 9", "$then": "big"}, None, id="if-without-else"),
        pytest.param({"$merge": [{"a": 1, "b": 1}, "${x.missing}", {"b": 2}]}, {"a": 1, "b": 2}, id="merge"),
        pytest.param({"card": {"$shape": "card"}}, {"card": {"last4": "4242", "of": "Ada"}}, id="shape"),
    ],
)
def test_values(tree: Any, value: Any) -> None:
    result = made(tree, n=3, list=["p", "q"], name="Ada")
    assert result == value
    assert not isinstance(value, dict) or list(result) == list(value)


def test_literals_are_made_once() -> None:
    assert isinstance(Trees({}).compile({"a": [1, {"b": "c"}]}, frozenset()), Constant)


@pytest.mark.parametrize(
    ("tree", "place", "told"),
    [
        pytest.param({"a": [{"b": "${y}"}]}, ("a", 0, "b"), "no value called 'y'", id="unknown-name"),
        pytest.param({"$shape": "a"}, (), "holds itself", id="circle"),
        pytest.param({"$each": "x", "$value": 1}, (), "stands with", id="mixed-directive"),
        pytest.param({"$merge": {}}, (), "takes a list", id="merge-of-no-list"),
        pytest.param({"$loop": 1}, (), "no directive \\$loop", id="unknown-directive"),
        pytest.param("${x.n", (), "not closed", id="not-closed"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tree: Any, place: tuple[str | int, ...], told: str) -> None:
    with pytest.raises(TreeError, match=told) as raised:
        made(tree)
    assert raised.value.place == place


def test_size_is_bounded() -> None:
    with pytest.raises(TooLarge, match="20000 items"):
        made({"$each": "x.list", "$do": 1}, list=[0] * 20_000)
    with pytest.raises(TooLarge, match="larger"):
        made({"$each": "x.list", "$do": "${x.huge}"}, list=[0] * 100, huge="x" * 1_000_000)


def test_texts_are_split() -> None:
    assert split_text("a ${b} c") == [(False, "a "), (True, "b"), (False, " c")]
    with pytest.raises(ExpressionError, match="not closed"):
        split_text("${'}")


def test_the_same_seed_makes_the_same_identifiers() -> None:
    one, two, other = Generator(b"a"), Generator(b"a"), Generator(b"b")
    drawn = [one.b62(23), one.hex(200), one.digits(6), one.upper(10), one.uuid()]
    assert drawn == [two.b62(23), two.hex(200), two.digits(6), two.upper(10), two.uuid()]
    assert other.b62(23) != drawn[0]
    assert len(set(Generator(b"a").hex(200))) == 16
    assert drawn[2].isdigit()
    assert drawn[4][14] == "4"


@pytest.mark.parametrize(
    ("tree", "xml"),
    [
        pytest.param({"A": {"B": ["1", "2"], "C": None, "D": {}}}, "<A><B>1</B><B>2</B><D></D></A>", id="tree"),
        pytest.param({"A": {"@x": 'q"<'}}, '<A x="q&quot;&lt;"></A>', id="attribute"),
        pytest.param({"A": {"@x": "1", "#text": "a<b"}}, '<A x="1">a&lt;b</A>', id="text-beside-attributes"),
        pytest.param({"A>": "x"}, "<_>x</_>", id="no-tag"),
        pytest.param({"A": "\x00\x1b"}, "<A>\ufffd\ufffd</A>", id="characters-xml-cannot-say"),
    ],
)
def test_xml(tree: dict[str, Any], xml: str) -> None:
    assert written(tree).decode().partition("\n")[2] == xml


@pytest.mark.parametrize(
    ("value", "body"),
    [
        pytest.param({"a": "é", "n": float("inf")}, '{"a":"é","n":null}'.encode(), id="text"),
        pytest.param({"a": "\ud800", "n": float("nan")}, b'{"a":"\\ud800","n":null}', id="half-a-surrogate-pair"),
    ],
)
def test_json_that_clients_can_break(value: Any, body: bytes) -> None:
    response = PartCompiler(Trees({})).response(ResponseEntry.model_validate({"json": "${x.echo}"}), ())
    context = PackContext(view(), at=datetime(2026, 11, 22, tzinfo=UTC), gen=Generator(b"s"), x={"echo": value})
    assert response.render(context).body == body


def test_a_header_cannot_begin_another() -> None:
    entry = ResponseEntry.model_validate({"headers": {"X-Echo": "${x.echo}", "X-None": "${x.none}"}})
    context = PackContext(view(), at=datetime(2026, 11, 22, tzinfo=UTC), gen=Generator(b"s"), x={"echo": "a\r\nb: é"})
    assert PartCompiler(Trees({})).response(entry, ()).render(context).headers == [("x-echo", "ab: ")]
