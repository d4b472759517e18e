"""Answers written as they are made: of every built-in pack, octet for octet what its trees say as data."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from requests_seen import view

from policies.body import Body
from policies.describe_http import describe_request
from policies.expression_values import TooLarge, text
from policies.http_request import HttpRequest
from policies.pack import BUILT_IN, Packs
from policies.pack_compiler import PackCompiler
from policies.pack_context import PackContext
from policies.pack_example import request_of
from policies.pack_file import PackFile, ResponseEntry
from policies.pack_generator import Generator
from policies.pack_parts import PartCompiler
from policies.pack_response import Rendered, Response
from policies.pack_tree import Trees
from policies.pack_tree_written import WrittenTrees
from policies.recognition import Recognition
from policies.written import Written, plain
from policies.yaml_lines import parse

NAMES = sorted(path.stem for path in BUILT_IN.glob("*.yaml"))
HOSTILE = ('"', "\\", "\x00", "é", "\ud800", "a\r\nb: c", "\\ud800", "\u2028", "", "true", "-1", "1e999")
OBJECT = {"id": "kept_1", "amount": 7, "metadata": {"a": "b"}, "items": {"data": [{"id": "si_1"}]}, "é": "\u2028"}
AT = datetime(2026, 11, 22, 10, 15, 30, 123456, tzinfo=UTC)


@cache
def pack_file(name: str) -> PackFile:
    return PackFile.model_validate(parse((BUILT_IN / f"{name}.yaml").read_text(encoding="utf-8")).data)


@cache
def packs(*, written: bool) -> Packs:
    answers, made = WrittenTrees if written else Trees, []
    for name in NAMES:
        compiler = PackCompiler(pack_file(name), answers)
        made.append(compiler.pack())
        assert compiler.problems == []
    return Packs(made)


def told(request: HttpRequest, answers: type[Trees], obj: Any = None) -> list[Any]:
    """All that an answer and the refusals come to, and what is kept of them."""
    _, known = describe_request(request, packs(written=answers is WrittenTrees), run="r")
    shown: list[Any] = []
    for response in _responses(known):
        context = PackContext(
            known.view,
            at=AT,
            gen=Generator(b"seed"),
            x=known.facts or {},
            obj=obj,
            objs=[] if obj is None else [obj, obj],
            reason="no opt-in matches",
            capture="capture",
        )
        rendered = response.render(context)
        shown += wire(rendered)
        shown += [(text(kept[0]), text(kept[1]), plain(kept[2])) for kept in rendered.kept if kept is not None]
    return shown


def _responses(known: Recognition) -> list[Response]:
    if known.pack is None:
        return []
    answer = None if known.operation is None else known.operation.response
    return list(known.pack.denied) if answer is None else [answer, *known.pack.denied]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("obj", [pytest.param(None, id="nothing-kept"), pytest.param(OBJECT, id="loaded")])
def test_every_example_is_answered_alike(name: str, obj: Any) -> None:
    pack = packs(written=False).get(name)
    assert pack is not None
    for example in pack.examples:
        request = request_of(example)
        assert told(request, WrittenTrees, obj) == told(request, Trees, obj), example.do


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_is_answered_alike(name: str) -> None:
    """Also those without an example, with fields that fit none of them and an object that may fit."""
    file = pack_file(name)
    seen = view(urlencode({f"f{at}": item for at, item in enumerate(HOSTILE)}, errors="replace").encode())
    for entry in [operation.response for operation in file.operations if operation.response is not None]:
        one, other = [
            PartCompiler(Trees(file.shapes), answers(file.shapes)).response(entry, ())
            for answers in (Trees, WrittenTrees)
        ]
        for obj in (None, OBJECT):
            assert shown(one, seen, obj) == shown(other, seen, obj), entry


def shown(response: Response, seen: Any, obj: Any) -> tuple[Any, ...]:
    objs = [{"id": "a"}, {"id": "b"}]
    rendered = response.render(PackContext(seen, at=AT, gen=Generator(b"s"), obj=obj, objs=objs))
    return (*wire(rendered), rendered.out)


def wire(rendered: Rendered) -> tuple[Any, ...]:
    return rendered.status, rendered.headers, rendered.body


FIELDS = """amount currency confirm customer description metadata[a] metadata receipt_email id capture_method expand[0]
    payment_method payment_method_data[card][number] card[exp_month] shipping[name] items[0][price] items[0][quantity]
    line_items[0][price_data][unit_amount] mode email name address[line1] payment_method_types[] created object balance
"""
SENT = st.dictionaries(
    st.sampled_from(FIELDS.split()),
    st.sampled_from([*HOSTILE, "latest_charge", "4242", "manual"]) | st.text(max_size=6),
    max_size=8,
)
PATHS = st.sampled_from(["payment_intents", "customers", "subscriptions", "checkout/sessions", "refunds", "x/y"])


@settings(max_examples=examples(60))
@given(SENT, PATHS)
def test_whatever_is_sent_is_answered_alike(sent: dict[str, str], path: str) -> None:
    request = HttpRequest(
        method="POST",
        scheme="https",
        names=(("host", "api.stripe.com"),),
        target=f"/v1/{path}",
        headers=(("content-type", "application/x-www-form-urlencoded"), ("idempotency-key", "ké")),
        source="127.0.0.1",
        body=Body.of(urlencode(sent, errors="surrogatepass").encode()),
    )
    assert told(request, WrittenTrees) == told(request, Trees)


def rendered(tree: Any, answers: type[Trees], **facts: Any) -> Rendered:
    response = PartCompiler(Trees({}), answers({})).response(ResponseEntry.model_validate(tree), ())
    return response.render(PackContext(view(), at=AT, gen=Generator(b"s"), x=facts))


VALUES = [*HOSTILE, None, True, 0, 2.5, 2**70, [], {}, {"a": {"b": ""}}, ["\ud800", float("nan")]]


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param({"json": {"a": {"b": "${x.v}", "c": [1, "${x.v}"]}}}, id="nested"),
        pytest.param({"json": ["${x.v}", {"a": "${x.v}"}, None]}, id="list"),
        pytest.param({"json": {"$each": "x.list", "$do": {"v": "${item}", "i": "${i}"}}}, id="each"),
        pytest.param({"json": {"a": {"$each": "x.list", "$as": "e", "$do": "t${e}"}}}, id="each-of-texts"),
        pytest.param({"json": {"$map": "x.list", "$as": "e", "$key": "e", "$value": ["${e}"]}}, id="map"),
        pytest.param(
            {"json": {"$merge": [{"$map": "x.list", "$as": "e", "$key": "e", "$value": 1}, {"p": 2}]}}, id="map-merged"
        ),
        pytest.param(
            {"json": {"$each": [{"a": "${x.v}"}, "${x.v}", 1], "$as": "e", "$do": "${e.a or e}"}}, id="each-of-a-tree"
        ),
        pytest.param({"json": {"$if": {"$each": "x.v", "$do": {"a": "${x.v}"}}, "$then": 1}}, id="if-of-a-tree"),
        pytest.param(
            {"json": {"$map": [["${x.v}"]], "$as": "e", "$key": ["${x.v}"], "$value": "${e}"}}, id="map-of-a-tree"
        ),
        pytest.param({"json": {"$if": "x.v", "$then": {"a": "${x.v}"}, "$else": None}}, id="if"),
        pytest.param({"json": {"$merge": [{"a": "${x.v}"}, {"a": 1, "b": "${gen.b62(4)}"}, None]}}, id="merge-known"),
        pytest.param({"json": {"$merge": ["${x.v}", {"a": "${x.v}"}, "${x.o}"]}}, id="merge-unknown"),
        pytest.param({"let": {"o": {"a": "${x.v}"}}, "json": "${var.o.a}"}, id="field-of-a-let"),
        pytest.param({"let": {"o": {"a": "${x.v}"}}, "json": {"b": "${[var.o, var.o|tojson]}"}}, id="let-as-data"),
        pytest.param({"let": {"o": {"a": "${x.v}"}}, "json": "${var.o|patched(x.o)}"}, id="patched"),
        pytest.param(
            {"let": {"o": {"a": "${x.v}"}}, "json": "${(var.o if x.v else x.o)|patched({'a': 1})}"}, id="choice"
        ),
        pytest.param({"let": {"o": {"a": "${x.v}"}, "p": "${var.o}"}, "json": {"p": "${var.p}"}}, id="let-of-a-let"),
        pytest.param({"json": {"a": "${x.v}"}, "headers": {"h": "${out.a}"}}, id="header-of-the-answer"),
        pytest.param({"let": {"t": "a-${gen.hex(4)}"}, "json": {"t": "${var.t}", "u": "${var.t}!"}}, id="safe-text"),
        pytest.param({"let": {"t": 'q"${gen.hex(4)}'}, "json": {"t": "${var.t}"}}, id="text-to-be-escaped"),
        pytest.param({"let": {"o": {"a": "${x.v}"}}, "text": "${var.o} ${out}"}, id="no-json"),
        pytest.param(
            {"json": {"not": "${not x.v}", "is": "${x.v == 'true'}", "differs": "${x.v != 'true'}", "now": "${now}"}},
            id="truths-and-numbers",
        ),
        pytest.param({"json": {"end": "${x.v[-4:]}", "two": "${x.v[:2]}", "back": "${x.v[::-1]}"}}, id="pieces"),
        pytest.param({"json": {"a": "${'yes' if x.v else 'no'}", "b": "${'yes' if x.v else none}"}}, id="words"),
        pytest.param({"json": {"iso": "${iso} ${iso_ms}", "mail": "${rfc2822}"}}, id="times"),
        pytest.param(
            {"json": {}, "headers": {"a": "${x.v}", "b": "<${x.v}>", "c": "fixed", "d": "${gen.hex(4)}"}}, id="headers"
        ),
        pytest.param({"status": "${402 if x.v else 200}", "json": "${x.v}"}, id="status"),
        pytest.param({"json": {'k"é': "${x.v}", "{x}": "${x.v}"}}, id="odd-keys"),
    ],
)
def test_every_kind_of_tree_is_answered_alike(tree: dict[str, Any]) -> None:
    for value in VALUES:
        facts = {"v": value, "list": ["p", 'q"', value], "o": {"a": value, "z": 1}}
        assert wire(rendered(tree, WrittenTrees, **facts)) == wire(rendered(tree, Trees, **facts)), value


def test_what_is_written_is_no_data_until_it_is_read() -> None:
    answer = rendered({"json": {"a": "${x.v}"}}, WrittenTrees, v=1)

    assert isinstance(answer.made, Written)
    assert (answer.out, answer.encoded) == ({"a": 1}, b'{"a":1}')


def test_half_a_surrogate_pair_is_not_said_to_read_as_it_was() -> None:
    answer = rendered({"json": {"a": "${x.v}"}}, WrittenTrees, v="\ud800")

    assert (answer.body, answer.encoded, answer.out) == (b'{"a":"\\ud800"}', None, {"a": "\ud800"})


def test_an_infinity_is_null_as_soon_as_it_is_written() -> None:
    """Also for whoever reads it in the answer: a header says what the body says."""
    tree = {"json": {"a": "${x.v}", "b": ["${x.v}"]}, "headers": {"h": "<${out.a}>"}}
    answer = rendered(tree, WrittenTrees, v=float("inf"))

    assert (answer.body, answer.headers[0]) == (b'{"a":null,"b":[null]}', ("h", "<>"))


@pytest.mark.parametrize("answers", [Trees, WrittenTrees])
def test_size_is_bounded(answers: type[Trees]) -> None:
    with pytest.raises(TooLarge, match="larger"):
        rendered({"json": {"$each": "x.list", "$do": "${x.v}"}}, answers, list=[0] * 100, v="x" * 1_000_000)


@pytest.mark.parametrize("answers", [Trees, WrittenTrees])
def test_texts_of_texts_are_bounded(answers: type[Trees]) -> None:
    lets = {"t0": "${gen.hex(200)}"} | {f"t{n}": f"${{var.t{n - 1}}}${{var.t{n - 1}}}" for n in range(1, 40)}

    with pytest.raises(TooLarge, match="at most"):
        rendered({"let": lets, "json": {"a": "${var.t39}"}}, answers)
