"""Path templates: which operations fit, in which order, and with which parameters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.operation_index import OperationIndex, TemplateError

TEMPLATES = [
    "/v1/customers",
    "/v1/customers/{id}",
    "/v1/customers/search",
    "/v1/{resource}",
    "/v1/{resource}/{id}",
    "/Messages/{sid}.json",
    "/projects/{p}/messages:send",
    "/{bucket}/{key+}",
    "/",
]


def index() -> OperationIndex:
    made = OperationIndex()
    for template in TEMPLATES:
        made.add("POST", template, template)  # type: ignore[arg-type]  # any value stands for an operation here
    return made


def found(path: str, method: str = "POST") -> list[tuple[Any, dict[str, str]]]:
    return list(index().find(method, path))


@pytest.mark.parametrize(
    ("path", "template", "params"),
    [
        pytest.param("/v1/customers", "/v1/customers", {}, id="written"),
        pytest.param("/v1/customers/", "/v1/customers", {}, id="slash-at-the-end"),
        pytest.param("/v1/customers/cus_1", "/v1/customers/{id}", {"id": "cus_1"}, id="parameter"),
        pytest.param("/v1/customers/search", "/v1/customers/search", {}, id="written-before-parameter"),
        pytest.param("/v1/coupons", "/v1/{resource}", {"resource": "coupons"}, id="resource"),
        pytest.param("/v1/coupons/c/", "/v1/{resource}/{id}", {"resource": "coupons", "id": "c"}, id="two-parameters"),
        pytest.param("/Messages/SM1.json", "/Messages/{sid}.json", {"sid": "SM1"}, id="part-of-a-segment"),
        pytest.param("/projects/p/messages:send", "/projects/{p}/messages:send", {"p": "p"}, id="colon"),
        pytest.param("/b/a/b%20c/", "/{bucket}/{key+}", {"bucket": "b", "key": "a/b c/"}, id="rest-keeps-its-slash"),
        pytest.param("/", "/", {}, id="root"),
    ],
)
def test_the_best_fit_comes_first(path: str, template: str, params: dict[str, str]) -> None:
    assert found(path)[0] == (template, params)


def test_what_fits_less_well_comes_later() -> None:
    assert [str(operation) for operation, _ in found("/v1/customers/search")] == [
        "/v1/customers/search",
        "/v1/customers/search",
        "/v1/customers/{id}",
        "/v1/{resource}/{id}",
        "/{bucket}/{key+}",
    ]


def test_nothing_fits() -> None:
    assert found("/onlyone") == []
    assert found("/v1/customers", "GET") == []


def test_a_head_is_a_get() -> None:
    made = OperationIndex()
    made.add("GET", "/a", "get")  # type: ignore[arg-type]  # any value stands for an operation here
    assert [str(operation) for operation, _ in made.find("HEAD", "/a")] == ["get"]


@pytest.mark.parametrize("template", ["v1", "/a/{b+}/c", "/a{b}{c}", "/a/{}", "/a/{b", "/{a}{b+}"])
def test_templates_that_cannot_be_used(template: str) -> None:
    with pytest.raises(TemplateError, match="path"):
        OperationIndex().add("GET", template, "x")  # type: ignore[arg-type]  # any value stands for an operation here


@given(st.text(alphabet="abv1/{}%.:Messages", max_size=40))
def test_any_path_is_looked_up(path: str) -> None:
    for operation, params in index().find("POST", f"/{path}"):
        assert str(operation) in TEMPLATES
        assert all(f"{{{name}" in str(operation) for name in params)
