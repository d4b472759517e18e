"""Forms: the nesting of bracketed names, and nothing lost."""

from typing import Any
from urllib.parse import quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.form import FormError, read_form, read_pairs


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        pytest.param("a=1&b=2", {"a": "1", "b": "2"}, id="flat"),
        pytest.param("a=x+y%26z", {"a": "x y&z"}, id="decoded"),
        pytest.param("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}, id="nested"),
        pytest.param("items[0][price]=p&items[1][price]=q", {"items": [{"price": "p"}, {"price": "q"}]}, id="indexed"),
        pytest.param("items[1]=b&items[0]=a", {"items": ["a", "b"]}, id="by-number-not-by-order"),
        pytest.param("a[]=x&a[]=y", {"a": ["x", "y"]}, id="unnamed"),
        pytest.param("a=x&a=y&a=z", {"a": ["x", "y", "z"]}, id="repeated"),
        pytest.param("metadata%5Bk%5D=v", {"metadata": {"k": "v"}}, id="escaped-brackets"),
        pytest.param("a", {"a": ""}, id="no-value"),
        pytest.param("a[b=1", {"a[b": "1"}, id="bracket-not-closed"),
        pytest.param("[a]=1", {"[a]": "1"}, id="no-name-before-bracket"),
        pytest.param("", {}, id="empty"),
    ],
)
def test_fields(text: str, fields: dict[str, Any]) -> None:
    assert read_form(text) == fields


@pytest.mark.parametrize("text", ["a=1&a[b]=2", "a[b]=1&a[b][c]=2", "a[b]=1&a=2"])
def test_a_name_is_a_value_or_a_parent(text: str) -> None:
    with pytest.raises(FormError, match="value and has fields of its own"):
        read_form(text)


def test_too_many_fields() -> None:
    with pytest.raises(FormError, match="more than 20000 fields"):
        read_form("&".join(["a=1"] * 20_001))


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: "[" not in name), st.text(), max_size=8))
def test_any_flat_form_comes_back(fields: dict[str, str]) -> None:
    encodable = {k: v for k, v in fields.items() if _encodable(k) and _encodable(v)}
    text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in encodable.items())
    assert read_form(text) == encodable


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        fields = read_form(text)
    except FormError:
        return
    assert sum(1 for _ in read_pairs(text)) >= len(fields)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@given(st.text(alphabet=st.sampled_from("ab+%0123456789cCfFé€ \ud800"), max_size=40))
def test_values_are_decoded_as_the_standard_library_does(value: str) -> None:
    assert read_pairs(f"a={value}") == [("a", unquote_plus(value))]
