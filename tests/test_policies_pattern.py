"""Host patterns: the table that docs/policy.md prints, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.pattern import BadPattern, parse_pattern


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("example.com", "example.com", True),
        ("example.com", "api.example.com", False),
        ("example.com", "evilexample.com", False),
        ("*.example.com", "example.com", False),
        ("*.example.com", "api.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "evilexample.com", False),
        ("*.example.com", ".example.com", False),
        ("Example.COM.", "example.com", True),
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.0/24", "203.0.113.8", True),
        ("203.0.113.0/24", "203.0.114.8", False),
        ("203.0.113.0/24", "example.com", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("::1", "::1", True),
        ("[::1]:8080", "::1", True),
        ("*.co.uk.example.com", "x.co.uk.example.com", True),
        ("*.example.co.uk", "x.example.co.uk", True),
        ("*.github.io", "x.github.io", True),
    ],
)
def test_matches(pattern: str, host: str, matches: bool) -> None:
    assert parse_pattern(pattern).matches(host) is matches


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        pytest.param("*", "'*' means every host; name the hosts, such as *.example.com", id="everything"),
        pytest.param(
            "*.com",
            "'*.com' covers com, under which anybody can register a name; write *.example.com",
            id="top-level-domain",
        ),
        pytest.param(
            "*.co.uk",
            "'*.co.uk' covers co.uk, under which anybody can register a name; write *.example.co.uk",
            id="public-suffix",
        ),
        pytest.param(
            "*.kawasaki.jp",
            "'*.kawasaki.jp' covers kawasaki.jp, under which anybody can register a name; write *.example.kawasaki.jp",
            id="public-suffix-by-wildcard",
        ),
        pytest.param(
            "a.*.com", "'a.*.com' has a star that is not the whole first label; write *.example.com", id="star-within"
        ),
        pytest.param(
            "*example.com",
            "'*example.com' has a star that is not the whole first label; write *.example.com",
            id="star-in-a-label",
        ),
        pytest.param(
            "*.*.example.com",
            "'*.*.example.com' has a star that is not the whole first label; write *.example.com",
            id="two-stars",
        ),
        pytest.param(
            "bücher.example",
            "'b\\xfccher.example' is not ASCII; "
            "write the A-label xn--bcher-kva.example, so that everybody reads one name",
            id="not-ascii",
        ),
        pytest.param(
            "https://api.stripe.com",
            "'https://api.stripe.com' is more than a host; write the host alone, such as api.example.com",
            id="url",
        ),
        pytest.param(
            "0177.0.0.1", "'0177.0.0.1' is the address 127.0.0.1; write 127.0.0.1", id="address-in-disguise"
        ),
        pytest.param(
            ["a.test", "b.test"],
            "a list is no host name; write one host, and an opt-in for each of the others",
            id="list",
        ),
        pytest.param(2130706433, "2130706433 is no host name; write a name, or an address in four parts", id="number"),
        pytest.param(
            "10.0.0.1/8",
            "'10.0.0.1/8' is no network (10.0.0.1/8 has host bits set); write one such as 203.0.113.0/24",
            id="host-bits",
        ),
        pytest.param("0.0.0.0/0", "'0.0.0.0/0' is wider than /8; name the networks that are meant", id="all-addresses"),
        pytest.param("a.com:0", "'a.com:0' names the port '0'; write a number from 1 to 65535", id="port-zero"),
        pytest.param("a.com:x", "'a.com:x' names the port 'x'; write a number from 1 to 65535", id="port-word"),
        pytest.param(
            "*.10.0.0.1",
            "'*.10.0.0.1' is a star before an address; write a network, such as 203.0.113.0/24",
            id="star-address",
        ),
    ],
)  # fmt: skip
def test_refused(pattern: object, complaint: str) -> None:
    with pytest.raises(BadPattern) as raised:
        parse_pattern(pattern)
    assert str(raised.value) == complaint


def test_specificity() -> None:
    order = ["a.b.example.com", "*.b.example.com", "*.example.com"]
    ranks = [parse_pattern(pattern).specificity for pattern in order]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 3
    assert parse_pattern("203.0.113.7").specificity > parse_pattern("203.0.113.0/25").specificity
    assert parse_pattern("203.0.113.0/25").specificity > parse_pattern("203.0.113.0/24").specificity


@pytest.mark.parametrize(
    ("pattern", "port", "usual", "matches"),
    [
        ("a.com", 443, 443, True),
        ("a.com", 8443, 443, False),
        ("a.com:8443", 8443, 443, True),
        ("a.com:8443", 443, 443, False),
        ("203.0.113.0/24:8080", 8080, 80, True),
    ],
)
def test_ports(pattern: str, port: int, usual: int, matches: bool) -> None:
    assert parse_pattern(pattern).matches_port(port, usual) is matches


@given(st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused_in_a_sentence(text: str) -> None:
    try:
        pattern = parse_pattern(text)
    except BadPattern as error:
        refused = str(error)
    else:
        refused = ""
        assert parse_pattern(pattern.text) == pattern
    assert refused.isascii()
