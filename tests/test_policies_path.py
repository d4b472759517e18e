"""The one spelling of a path that decisions are made on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.path import canonical_path, is_canonical


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        pytest.param("/", "/", id="root"),
        pytest.param("/v1/charges", "/v1/charges", id="plain"),
        pytest.param("/v1/charges/", "/v1/charges/", id="trailing-slash-stays"),
        pytest.param("/v1/charges?limit=3", "/v1/charges", id="query-is-no-part-of-it"),
        pytest.param("/v1/charges?a=../../x", "/v1/charges", id="dots-in-a-query-mean-nothing"),
        pytest.param("/v1/charges?next=//x", "/v1/charges", id="slashes-in-a-query-mean-nothing"),
        pytest.param(
            "/2010-04-01/Accounts/AC1/Messages.json", "/2010-04-01/Accounts/AC1/Messages.json", id="dot-in-name"
        ),
        pytest.param("/.well-known/jwks.json", "/.well-known/jwks.json", id="hidden-name"),
        pytest.param("/v1/...", "/v1/...", id="three-dots-are-a-name"),
        pytest.param("/v1/projects/p/messages:send", "/v1/projects/p/messages:send", id="colon"),
        pytest.param("/k/caf%C3%A9%20x", "/k/caf%C3%A9%20x", id="escapes-in-capitals"),
        pytest.param("*", "*", id="asterisk-form"),
    ],
)
def test_canonical_already(sent: str, canonical: str) -> None:
    assert canonical_path(sent) == canonical
    assert is_canonical(sent)


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        pytest.param("", "/", id="empty"),
        pytest.param("?a=b", "/", id="only-a-query"),
        pytest.param("v1/charges", "/v1/charges", id="no-leading-slash"),
        pytest.param("/v1/../admin", "/admin", id="dot-segments"),
        pytest.param("/v1/./charges", "/v1/charges", id="single-dot"),
        pytest.param("/../../etc", "/etc", id="above-the-root"),
        pytest.param("/v1/x/..", "/v1/", id="dots-at-the-end"),
        pytest.param("/v1/%2e%2e/admin", "/admin", id="encoded-dots"),
        pytest.param("/v1/%2E./admin", "/admin", id="half-encoded-dots"),
        pytest.param("/v1/..;/admin", "/admin", id="dots-with-a-parameter"),
        pytest.param("/v1/..;a=b/admin", "/admin", id="dots-with-a-longer-parameter"),
        pytest.param("/v1//charges", "/v1/charges", id="double-slash"),
        pytest.param("//evil.example/x", "/evil.example/x", id="leading-double-slash"),
        pytest.param("/v1\\..\\admin", "/admin", id="backslashes"),
        pytest.param("/v1%2Fcharges", "/v1%2Fcharges", id="encoded-slash-stays-but-does-not-pass"),
        pytest.param("/v1%2f..%2fadmin", "/v1%2F..%2Fadmin", id="encoded-slash-in-lower-case"),
        pytest.param("/v1%5c..", "/v1%5C..", id="encoded-backslash"),
        pytest.param("/%76%31/charges", "/v1/charges", id="needless-escapes"),
        pytest.param("/caf%c3%a9", "/caf%C3%A9", id="escape-in-lower-case"),
        pytest.param("/v1/%252e%252e/x", "/v1/%252e%252e/x", id="encoded-twice"),
        pytest.param("/v1/%00", "/v1/%00", id="encoded-nul"),
        pytest.param("/v1;version=2/x", "/v1;version=2/x", id="a-parameter"),
        pytest.param("/v1/..%20/x", "/v1/..%20/x", id="dots-and-a-space"),
        pytest.param("/v1/.%20%20", "/v1/.%20%20", id="a-dot-and-spaces-at-the-end"),
        pytest.param("/v1/a\tb", "/v1/a%09b", id="control"),
        pytest.param("/v1/a b", "/v1/a%20b", id="space"),
        pytest.param("/v1/%zz", "/v1/%25zz", id="broken-escape"),
        pytest.param("/v1/%", "/v1/%25", id="lone-percent"),
        pytest.param("/v1/%c0%af", "/v1/%C0%AF", id="overlong-slash"),
        pytest.param("/v1/%C0%AE%C0%AE/x", "/v1/%C0%AE%C0%AE/x", id="overlong-dots-in-capitals"),
        pytest.param("/caf\xe9", "/caf%E9", id="raw-octet"),
        pytest.param("/a#b", "/a", id="fragment"),
        pytest.param("/a?x#b", "/a", id="fragment-in-a-query"),
        pytest.param("/a|b", "/a%7Cb", id="character-that-needs-an-escape"),
    ],
)
def test_not_canonical(sent: str, canonical: str) -> None:
    assert canonical_path(sent) == canonical
    assert not is_canonical(sent)


@given(st.text(alphabet="/.%2eEfFcC\\;a?#0AéЖ \x00", max_size=30))
def test_canonical_path_is_a_fixed_point(target: str) -> None:
    once = canonical_path(target)
    assert canonical_path(once) == once
    assert once == "*" or once.startswith("/")
    assert "//" not in once
    assert not {"..", "."} & {segment.partition(";")[0] for segment in once.split("/")}


@given(st.text(alphabet="/.%2eEfFcC\\;a0A", max_size=30))
def test_what_is_canonical_is_its_own_canonical_path(target: str) -> None:
    if is_canonical(target):
        assert canonical_path(target) == target


def test_a_long_target_is_judged_like_a_short_one() -> None:
    assert is_canonical("/" + "a" * 10_000)
    assert not is_canonical("/" + "a" * 10_000 + "/../x")
