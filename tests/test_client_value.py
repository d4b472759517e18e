"""Values expected and captured: exact, globs, patterns, numbers, callables, lists, paths."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_soundstage.captured import summary
from pytest_soundstage.value import at_path, fits, shown

FITTING = [
    pytest.param("Welcome", "Welcome", id="exact"),
    pytest.param("Wel*", "Welcome", id="glob"),
    pytest.param("*", "", id="glob-of-anything"),
    pytest.param("a.c*", "a.cd", id="dot-is-a-dot"),
    pytest.param(re.compile("elc"), "Welcome", id="pattern-searches"),
    pytest.param(4200, 4200, id="number"),
    pytest.param(4200, "4200", id="number-written-as-text"),
    pytest.param(42, "42.00", id="number-written-with-decimals"),
    pytest.param(lambda value: value > 3, 4, id="callable"),
    pytest.param("ann", ["bob", "ann"], id="one-of-a-list"),
    pytest.param(["ann", "b*"], ["bob", "ann", "cho"], id="each-of-several"),
    pytest.param(None, None, id="absent"),
    pytest.param(True, True, id="truth"),
]
NOT_FITTING = [
    pytest.param("Welcome", "welcome", id="case-counts"),
    pytest.param("Wel", "Welcome", id="a-part-is-not-exact"),
    pytest.param("a.c", "abc", id="dot-is-no-wildcard"),
    pytest.param(re.compile("x"), "Welcome", id="pattern-not-found"),
    pytest.param(4200, "forty-two", id="no-number"),
    pytest.param(1, True, id="true-is-no-number"),
    pytest.param("ann", None, id="absent"),
    pytest.param(lambda value: True, None, id="callable-is-not-asked-about-nothing"),
    pytest.param(None, "x", id="present"),
    pytest.param(["ann", "dee"], ["bob", "ann"], id="one-of-several-missing"),
]


@pytest.mark.parametrize(("expected", "actual"), FITTING)
def test_fits(expected: Any, actual: Any) -> None:
    assert fits(expected, actual)


@pytest.mark.parametrize(("expected", "actual"), NOT_FITTING)
def test_does_not_fit(expected: Any, actual: Any) -> None:
    assert not fits(expected, actual)


def test_addresses_ignore_case() -> None:
    assert fits("Ann@Example.test", "ann@example.TEST", fold=True)


@given(st.text())
def test_every_text_fits_itself_and_a_glob_of_its_beginning(text: str) -> None:
    assert fits(text, text)
    assert fits(text[:3].replace("*", "") + "*", text.replace("*", ""))


PATHS = [
    pytest.param("$.status", "shipped", id="name"),
    pytest.param("status", "shipped", id="without-root"),
    pytest.param("$.items[1].sku", "b", id="index"),
    pytest.param("items[0].sku", "a", id="index-without-root"),
    pytest.param("$.nowhere.at.all", None, id="nowhere"),
    pytest.param("$.items[7]", None, id="beyond-the-list"),
    pytest.param("$.status[0]", None, id="index-of-a-text"),
]


@pytest.mark.parametrize(("path", "found"), PATHS)
def test_path(path: str, found: Any) -> None:
    assert at_path(path, {"status": "shipped", "items": [{"sku": "a"}, {"sku": "b"}]}) == found


@pytest.mark.parametrize("path", ["$", "", "$..a", "$.a[*]", "$.a[x]", "a b.[", "$a"])
def test_path_of_another_form_is_refused(path: str) -> None:
    with pytest.raises(TypeError, match="no path of names and indexes"):
        at_path(path, {})


def test_values_are_shown_for_people() -> None:
    assert [shown(one) for one in (re.compile("a+"), ["x"], len, "q" * 300)] == [
        "/a+/",
        "['x']",
        "<len>",
        "'" + "q" * 199 + "...",
    ]


@pytest.mark.parametrize("hostile", ["##vso[task.setvariable variable=PATH]x", "##[stop-commands]x", "\x1b]8;;x\x07"])
def test_no_log_obeys_what_was_captured(hostile: str) -> None:
    capture = {"channel": "web", "facts": {"subject": hostile}, "target": {"method": "GET", "path": f"/{hostile}"}}
    for said in (shown(hostile), shown([hostile]), summary(capture)):
        assert hostile not in said
        assert said.isprintable()
