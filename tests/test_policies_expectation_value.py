"""Values and JSON paths: what each spelling means, of texts, numbers, lists and what is not there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.expectation_path import read_path
from policies.expectation_spelling import read_value
from policies.expectation_value import OutsideDomains

HOLDS = [
    pytest.param("abc", "abc", True, id="exact"),
    pytest.param("abc", "abcd", False, id="exact-is-whole"),
    pytest.param("abc", "ABC", False, id="case-counts"),
    pytest.param("200", 200, True, id="text-of-a-number"),
    pytest.param("*@example.test", "ann@example.test", True, id="glob"),
    pytest.param("*@example.test", "ann@example.test.evil", False, id="glob-is-whole"),
    pytest.param("a*c", "a\nb\nc", True, id="glob-over-lines"),
    pytest.param("/Wel+come/", "You are Wellllcome", True, id="regex-is-a-part"),
    pytest.param("/welcome/", "Welcome", False, id="regex-case"),
    pytest.param("/welcome/i", "Welcome", True, id="regex-i"),
    pytest.param("/confirm/", "https://shop.test/confirm/1", True, id="regex-in-a-link"),
    pytest.param(4200, 4200, True, id="number"),
    pytest.param(4200, "4200", True, id="number-in-a-form"),
    pytest.param(4200, "04200", False, id="no-number"),
    pytest.param(4200, True, False, id="true-is-no-number"),
    pytest.param(1, True, False, id="one-is-not-true"),
    pytest.param(True, True, True, id="true"),
    pytest.param(True, "true", True, id="true-in-a-form"),
    pytest.param(True, 1, False, id="true-is-not-one"),
    pytest.param({"min": 1}, 1, True, id="min"),
    pytest.param({"min": 1, "max": 2}, 3, False, id="max"),
    pytest.param({"max": 2}, "1.5", True, id="range-of-text"),
    pytest.param({"max": 2}, None, False, id="range-of-nothing"),
    pytest.param({"any_of": ["a", "b"]}, "b", True, id="any-of"),
    pytest.param({"any_of": ["a", None]}, None, True, id="any-of-absent"),
    pytest.param({"not": "a"}, "b", True, id="not"),
    pytest.param({"not": "a"}, None, True, id="not-of-absent"),
    pytest.param({"not": "a"}, ["b", "a"], False, id="not-of-a-list-is-none-of-it"),
    pytest.param({"not": None}, "x", True, id="present"),
    pytest.param({"not": None}, None, False, id="not-present"),
    pytest.param({"exact": "a*/b/"}, "a*/b/", True, id="exact-star"),
    pytest.param({"matches": "^/v[12]/"}, "/v2/x", True, id="matches"),
    pytest.param(None, None, True, id="absent"),
    pytest.param(None, [], True, id="empty-is-absent"),
    pytest.param(None, "", False, id="empty-text-is-there"),
    pytest.param("a", ["x", "a"], True, id="any-item"),
    pytest.param("a", None, False, id="nothing"),
    pytest.param("a", {"a": 1}, False, id="an-object-is-no-text"),
    pytest.param(["a@x", "b@x"], ["b@x", "a@x"], True, id="exactly-these"),
    pytest.param(["a@x"], ["b@x", "a@x"], False, id="and-nobody-else"),
    pytest.param(["a@x", "b@x"], ["a@x"], False, id="and-all-of-them"),
    pytest.param(["*@x"], ["b@x", "a@x"], True, id="one-pattern-for-all"),
]


@pytest.mark.parametrize(("written", "actual", "holds"), HOLDS)
def test_a_value_holds(written: object, actual: Any, holds: bool) -> None:
    assert read_value(written).holds(actual) is holds


def test_case_does_not_count_in_folded_fields() -> None:
    for written in ("Ann@Example.test", "ann@*", "/ANN@/"):
        assert read_value(written, folded=True).holds("ANN@example.TEST")


def test_a_path_between_slashes_is_a_path() -> None:
    assert read_value("/v1/orders/", slashes=False).holds("/v1/orders/")
    assert not read_value("/v1/orders/", slashes=False).holds("xv1/orders/")


DOMAINS = [
    pytest.param(["example.test"], False, id="inside"),
    pytest.param(["example.test", "evil.test"], True, id="one-outside"),
    pytest.param(["sub.example.test"], True, id="below-is-outside"),
    pytest.param(["a.qa.test"], False, id="below-a-star"),
    pytest.param(["qa.test"], True, id="a-star-is-not-itself"),
    pytest.param([""], True, id="no-domain"),
    pytest.param([], False, id="nobody"),
]


@pytest.mark.parametrize(("domains", "holds"), DOMAINS)
def test_outside_domains(domains: list[str], holds: bool) -> None:
    assert OutsideDomains(("example.test", "*.qa.test")).holds(domains) is holds


BODY = {"a": {"b": [10, {"c": None}]}, "odd key": 1, "items": [{"sku": "x"}, {}, {"sku": "y"}]}
PATHS = [
    pytest.param("$", BODY, id="all"),
    pytest.param("$.a.b[0]", 10, id="position"),
    pytest.param("$.a.b[1].c", None, id="null"),
    pytest.param("$.a.b[7]", None, id="beyond"),
    pytest.param("$.a.z.y", None, id="missing"),
    pytest.param("$['odd key']", 1, id="quoted"),
    pytest.param("$.items[*].sku", ["x", "y"], id="every"),
    pytest.param("$.a[*]", [], id="every-of-no-list"),
    pytest.param("$.items.sku", None, id="no-key-of-a-list"),
]


@pytest.mark.parametrize(("path", "found"), PATHS)
def test_paths(path: str, found: Any) -> None:
    assert read_path(path).of(BODY) == found


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_refused_in_a_sentence(text: str) -> None:
    try:
        read_value(text).holds(text)
    except ValueError as error:
        assert "; write " in str(error)  # noqa: PT017 - most texts are values, and raise nothing


@given(st.text(max_size=40), st.recursive(st.none() | st.integers(), lambda inner: st.lists(inner)))
def test_any_path_is_read_or_refused_in_a_sentence(text: str, data: Any) -> None:
    try:
        read_path("$" + text).of(data)
    except ValueError as error:
        assert "; write " in str(error)  # noqa: PT017 - some texts are paths, and raise nothing


@given(st.text(min_size=1, max_size=40))
def test_exact_means_itself(text: str) -> None:
    assert read_value({"exact": text}).holds(text)
