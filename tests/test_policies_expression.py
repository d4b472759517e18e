"""Expressions: the language, what is refused at load, and that no data makes one raise or grow."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.expression import compile_expression
from policies.expression_operators import ExpressionError
from policies.expression_values import TooLarge
from policies.pack_generator import Generator

JSON = {
    "a": 5,
    "text": "hi",
    "items": [{"to": "x", "n": 1}, {"to": "y", "n": 2}],
    "none": None,
    "yes": True,
    "values": {"keys": "k"},
    "b64": "aGk=",
}


def evaluated(source: str, data: Any = JSON) -> Any:
    context = SimpleNamespace(
        req=SimpleNamespace(json=data), x={"amount": 7}, names={"var.id": "V", "item": 3}, gen=Generator(b"s"), now=100
    )
    return compile_expression(source, frozenset({"var.id", "item"}))(context)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        pytest.param("req.json.a + 1", 6, id="add"),
        pytest.param("req.json.items", JSON["items"], id="a-key-not-a-method"),
        pytest.param("req.json.values.keys", "k", id="keys-of-any-name"),
        pytest.param("req.json['text']", "hi", id="subscript"),
        pytest.param("req.json.items[1].to", "y", id="place-in-a-list"),
        pytest.param("req.json.items[-1].n", 2, id="from-the-end"),
        pytest.param("req.json.items[9].n", None, id="past-the-end"),
        pytest.param("req.json.missing.deeper.still", None, id="missing-is-null"),
        pytest.param("req.json.missing or 'd'", "d", id="or"),
        pytest.param("req.json.a == 5 and req.json.yes", True, id="and"),
        pytest.param("not req.json.none", True, id="not"),
        pytest.param("'big' if req.json.a > 3 else 'small'", "big", id="condition"),
        pytest.param("'x' if req.json.none", None, id="condition-without-else"),
        pytest.param("req.json.text in ['hi', 'ho']", True, id="in"),
        pytest.param("'h' not in req.json.text", False, id="not-in"),
        pytest.param("req.json.text ~ '-' ~ req.json.a ~ req.json.none", "hi-5", id="concatenation"),
        pytest.param("req.json.text[:1]", "h", id="slice"),
        pytest.param("-req.json.a", -5, id="negative"),
        pytest.param("7 // 2 + 7 % 4", 6, id="arithmetic"),
        pytest.param("1 / 0", None, id="division-by-zero"),
        pytest.param("'a' * 50000000", None, id="no-repeated-text"),
        pytest.param("'%9999d' % 1", None, id="no-formatting"),
        pytest.param("req.json.text + 1", None, id="kinds-do-not-mix"),
        pytest.param("req.json.text < 1", False, id="kinds-do-not-compare"),
        pytest.param("[1] + none", [1], id="null-adds-nothing-to-a-list"),
        pytest.param("{'k': req.json.a}.k", 5, id="object"),
        pytest.param("var.id ~ item ~ x.amount", "V37", id="names"),
        pytest.param("req.json.items|jmes('[].to')", ["x", "y"], id="jmes"),
        pytest.param("req.json.items|pluck('to')|join(',')", "x,y", id="pluck"),
        pytest.param("req.json.items|where('n', 2)|first", {"to": "y", "n": 2}, id="where"),
        pytest.param("req.json.b64|b64d", "hi", id="base64"),
        pytest.param("'12x'|int", None, id="no-integer"),
        pytest.param("'12'|int", 12, id="integer"),
        pytest.param("'x'|int(0)", 0, id="integer-default"),
        pytest.param("'order 4711'|match('[0-9]+')", "4711", id="match"),
        pytest.param("req.json.text is string and req.json.none is none", True, id="tests"),
        pytest.param("'abc' is startswith('ab')", True, id="test-with-argument"),
        pytest.param("'A <a@example.com>, b@example.com'|addrs", ["a@example.com", "b@example.com"], id="addresses"),
        pytest.param(
            "{'a': 1, 'm': {'k': 'v'}}|patched({'a': 2, 'z': 3, 'm': {'k': ''}})", {"a": 2, "m": {}}, id="patched"
        ),
        pytest.param("req.json.yes ~ ''", "true", id="truth-as-text"),
    ],
)
def test_values(source: str, value: Any) -> None:
    assert evaluated(source) == value


@pytest.mark.parametrize(
    ("source", "told"),
    [
        pytest.param("req.__class__", "a request has no '__class__'", id="dunder-of-request"),
        pytest.param("req.json.items()", "can be called", id="method"),
        pytest.param("range(9)", "can be called", id="function"),
        pytest.param("gen.evil(1)", "no generator gen.evil", id="generator"),
        pytest.param("gen.hex(req.json.a)", "literal", id="generator-of-a-computed-length"),
        pytest.param("gen.hex(100000)", "length from 1 to 200", id="generator-of-a-great-length"),
        pytest.param("2 ** 99999", "pow is not part", id="power"),
        pytest.param("nothing", "no value called 'nothing'", id="unknown-name"),
        pytest.param("var.nothing", "no var.nothing", id="unknown-variable"),
        pytest.param("req.json|attr('x')", "no filter 'attr'", id="unknown-filter"),
        pytest.param("req.json is sameas(1)", "no test 'sameas'", id="unknown-test"),
        pytest.param("'x'|replace('y')", "takes 2 to 2 arguments", id="too-few-arguments"),
        pytest.param("req.json|jmes('[')", "no jmes pattern", id="bad-jmes"),
        pytest.param("req.json|match('(')", "no match pattern", id="bad-regex"),
        pytest.param("a b", "does not end", id="two-expressions"),
        pytest.param("{% if %}", "no expression", id="statement"),
        pytest.param("", "no expression", id="empty"),
        pytest.param("1 < 2 < 3", "two sides", id="chained"),
        pytest.param("[" * 2000, "nested too deeply", id="deep"),
    ],
)
def test_refused_at_load(source: str, told: str) -> None:
    with pytest.raises(ExpressionError, match=told):
        evaluated(source)


def test_growth_is_bounded() -> None:
    huge = "x" * 20_000_000
    with pytest.raises(TooLarge, match="at most"):
        evaluated("req.json.t ~ req.json.t", {"t": huge})
    with pytest.raises(TooLarge, match="at most"):
        evaluated("req.json.t|replace('x', 'xyz')", {"t": huge})


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
_FILTERED = [
    f"req.json|{name}"
    for name in [
        "int",
        "float",
        "string",
        "lower",
        "upper",
        "trim",
        "length",
        "first",
        "last",
        "join",
        "split",
        "aslist",
        "addrs",
        "unique",
        "compact",
        "keys",
        "values",
        "b64d",
        "b64e",
        "fromjson",
        "tojson",
        "sum",
        "min",
        "max",
        "urlquote",
        "urlunquote",
    ]
]
_OPERATED = [
    f"req.json.a {op} req.json.b"
    for op in ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "and", "or"]
]


@given(
    st.sampled_from([*_FILTERED, *_OPERATED, "req.json.a[req.json.b]", "req.json|pluck('a')", "-req.json"]),
    _json,
    _json,
)
def test_no_data_makes_one_raise(source: str, left: Any, right: Any) -> None:
    for data in (left, {"a": left, "b": right}):
        evaluated(source, data)
