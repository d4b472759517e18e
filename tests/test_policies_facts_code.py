"""Facts: extracted and kept by one function, which reads of a request what its facts read of it and nothing else."""

from typing import Any

import pytest
from requests_seen import request

from policies.expression import compile_expression
from policies.expression_values import TooLarge
from policies.facts_code import LONGEST_FACT, FactsCode
from policies.head_shape import shape_of
from policies.pack_context import Describing
from policies.request_view import FORM, RequestView

TORN = {"content-type": "multipart/form-data; boundary=B"}
"""With a body that is none, whoever reads the form finds a fault."""


def seen(body: bytes, headers: dict[str, str]) -> RequestView:
    sent = request("POST api.example/a", body, headers)
    return RequestView(sent, "api.example", 443, "/a", shape_of(sent))


def extracted(view: RequestView, *, speaks: bool = False, **facts: str) -> tuple[dict[str, Any], dict[str, Any]]:
    code = FactsCode(tuple((name, compile_expression(source)) for name, source in facts.items()), speaks=speaks)
    first: tuple[dict[str, Any], dict[str, Any]] = code.made(Describing(view))
    assert code.made(Describing(view)) == first
    return first


def test_nulls_and_what_is_empty_are_extracted_and_not_kept() -> None:
    view = seen(b"a=1&b=&l[]=x", {"content-type": FORM})
    said, kept = extracted(view, a="req.form.a", b="req.form.b", c="req.form.c", n="req.form.a|int", l="req.form.l")
    assert said == {"a": "1", "b": "", "c": None, "n": 1, "l": ["x"]}
    assert kept == {"a": "1", "n": 1, "l": ["x"]}


def test_what_is_kept_is_bounded_and_can_be_said_in_utf_8() -> None:
    long = "é" * (LONGEST_FACT + 1)
    said, kept = extracted(
        seen(f"a={long}&b[c]={long}".encode(), {"content-type": FORM}), a="req.form.a", b="req.form.b"
    )
    assert said == {"a": long, "b": {"c": long}}
    assert kept["a"] == f"{long[: LONGEST_FACT - 1]}…"
    assert len(kept["b"]) == LONGEST_FACT


def test_whom_it_speaks_to_is_a_list() -> None:
    view = seen(b"To=a", {"content-type": FORM})
    assert extracted(view, speaks=True, to="req.form.To")[1] == {"to": ["a"]}
    assert extracted(view, speaks=True, to="req.form.Cc")[1] == {"to": []}
    assert extracted(view, to="req.form.To")[1] == {"to": "a"}


def test_a_fact_may_read_those_before_it() -> None:
    assert extracted(seen(b"a=1", {"content-type": FORM}), a="req.form.a", b="x.a ~ '2'")[0] == {"a": "1", "b": "12"}


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        pytest.param({"a": "req.form.a", "b": "req.form.b"}, True, id="always"),
        pytest.param({"a": "'x' if req.form.a else req.headers.a"}, True, id="as-a-condition"),
        pytest.param(
            {"a": "req.form.a if req.headers.a else none", "b": "req.headers.a and req.form.b"}, False, id="never"
        ),
        pytest.param({"a": "req.headers['content-type'] or req.form.a or req.form.b"}, False, id="no-need"),
    ],
)
def test_a_body_is_read_only_where_a_fact_needs_it(facts: dict[str, str], fault: bool) -> None:
    view = seen(b"no parts", TORN)
    extracted(view, speaks=False, **facts)
    assert bool(view.faults) is fault


def test_what_grows_without_bound_is_too_large() -> None:
    view = seen(b"a=" + b"x" * 4_000_000, {"content-type": FORM})
    with pytest.raises(TooLarge):
        extracted(view, a="~".join(["req.form.a"] * 9))
