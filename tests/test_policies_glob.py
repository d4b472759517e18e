"""Globs of paths, recipients and runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.glob import all_meant, path_glob, plain_address, recipient_glob, word_glob
from policies.pattern import BadPattern


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("/v1/**", "/v1/charges", True),
        ("/v1/**", "/v1/charges/ch_1/refunds", True),
        ("/v1/**", "/v1/", True),
        ("/v1/**", "/v1", False),
        ("/v1/**", "/v10/charges", False),
        ("/v1/*", "/v1/charges", True),
        ("/v1/*", "/v1/charges/ch_1", False),
        ("/v1/*/refunds", "/v1/ch_1/refunds", True),
        ("/v1/**/refunds", "/v1/charges/ch_1/refunds", True),
        ("/v1/**/refunds", "/v1/refunds", True),
        ("/v1/**/refunds", "/v1/xrefunds", False),
        ("/v1/ch_*", "/v1/ch_1", True),
        ("/v1/ch_*", "/v1/cus_1", False),
        ("/v1/charges", "/v1/charges", True),
        ("/v1/charges", "/v1/charges/", False),
        ("/a.b", "/aXb", False),
        ("/**", "/", True),
    ],
)
def test_paths(glob: str, path: str, matches: bool) -> None:
    assert path_glob(glob).matches(path) is matches


@pytest.mark.parametrize(
    ("glob", "complaint"),
    [
        ("v1/**", "'v1/**' is no path; write one from its first slash on, such as /v1/**"),
        (7, "7 is no path; write one from its first slash on, such as /v1/**"),
        ("/v1?x=1", "'/v1?x=1' has a query or fragment; a path ends before it, and any query is let through"),
        ("/v1/../x", "'/v1/../x' is not in canonical form; write it without dot segments, doubled or encoded slashes"),
        ("/v1/**x", "'/v1/**x' has a ** beside other characters; write it as a segment of its own: /v1/**"),
    ],
)
def test_refused_paths(glob: object, complaint: str) -> None:
    with pytest.raises(BadPattern) as raised:
        path_glob(glob)
    assert str(raised.value) == complaint


@pytest.mark.parametrize(
    ("glob", "recipient", "matches"),
    [
        ("*@qa.example.com", "bob@qa.example.com", True),
        ("*@qa.example.com", "BOB@QA.example.com", True),
        ("*@qa.example.com", "bob+tag@qa.example.com", True),
        ("*@qa.example.com", "bob@example.com", False),
        ("*@qa.example.com", "bob@x.qa.example.com", False),
        ("*@qa.example.com", "bob@evilqa.example.com", False),
        ("*@*.example.com", "bob@a.b.example.com", True),
        ("*@*.example.com", "bob@example.com", False),
        ("qa+*@example.com", "qa+1@example.com", True),
        ("qa+*@example.com", "bob@example.com", False),
        ("*@qa.example.com", "bob%customer.com@qa.example.com", False),
        ("*@qa.example.com", "customer.com!bob@qa.example.com", False),
        ("*@qa.example.com", "@customer.com:bob@qa.example.com", False),
        ("*@qa.example.com", "bob@customer.com@qa.example.com", False),
        ("*@qa.example.com", '"bob@customer.com"@qa.example.com', False),
        ("*@qa.example.com", "bob@customer.com,x@qa.example.com", False),
        ("*@qa.example.com", "bob@customer.com\n@qa.example.com", False),
        ("*@qa.example.com", "bob@qa.example.com\n", False),
        ("*@qa.example.com", "Bob <bob@qa.example.com>", False),
        ("+1500555*", "+15005550006", True),
        ("+1500555*", "+15015550006", False),
        ("+1500555*", "+1500555\ud800", False),
        ("+1500555*", "+1500555\n+1999", False),
        ("+1500555*", "+15005550006,+4915112345678", False),
        ("+1500555*", "+15005550006;+4915112345678", False),
        ("+1500555*", "+15005550006 +4915112345678", False),
        ("+1500555*", "+15005550006@customer.com", False),
        ("qa-team*", "qa-team@customer.com", False),
        ("#qa-*", "#qa-alerts", True),
        ("#qa-*", "bob@qa.example.com", False),
    ],
)
def test_recipients(glob: str, recipient: str, matches: bool) -> None:
    assert all_meant([recipient_glob(glob)], (recipient,)) is matches


@pytest.mark.parametrize(
    ("recipients", "meant"),
    [
        pytest.param(("a@qa.example.com", "b@qa.example.com"), True, id="all"),
        pytest.param(("a@qa.example.com", "b@customer.com"), False, id="all-but-one"),
        pytest.param((), False, id="nobody"),
        pytest.param(None, False, id="not-known-who"),
    ],
)
def test_everybody_must_be_meant(recipients: tuple[str, ...] | None, meant: bool) -> None:
    assert all_meant([recipient_glob("*@qa.example.com")], recipients) is meant


@pytest.mark.parametrize(
    "glob", ["*", "+*", "*@*", "*@*.com", "*@", "@x.com", "a b@x.com", "", 7, "x%y@x.com", "*@10.0.0.1", "*@x.com:25"]
)
def test_refused_recipients(glob: object) -> None:
    with pytest.raises(BadPattern):
        recipient_glob(glob)


def test_words() -> None:
    assert word_glob("ci-*").matches("ci-4711")
    assert not word_glob("ci-*").matches("xci-4711")
    assert not word_glob("ci-4").matches("ci-4711")


def test_plain_address() -> None:
    assert plain_address("Bob@EXAMPLE.com.") == "bob@example.com"
    assert plain_address("bob@bücher.example") == "bob@xn--bcher-kva.example"
    assert plain_address("bob@a b") is None


_globs = st.text(alphabet="/*ab.", min_size=1, max_size=12)


@given(_globs, _globs, st.text(alphabet="/ab.", max_size=12))
def test_what_covers_another_matches_all_it_matches(wide: str, narrow: str, path: str) -> None:
    try:
        outer, inner = path_glob(wide), path_glob(narrow)
    except BadPattern:
        return
    if outer.covers(inner) and inner.matches(path):
        assert outer.matches(path)
