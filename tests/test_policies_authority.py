"""One name of a destination, taken apart. Several of them: test_policies_naming.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.authority import TITLES, Authority, read_authority
from policies.http_request import NameSource


def read(host: str, port: int | None, *, canonical: bool = True, by_number: bool = False) -> Authority:
    return Authority(host, port, canonical, by_number, None)


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        pytest.param("host", "a.example", read("a.example", None), id="host"),
        pytest.param("host", "a.example:81", read("a.example", 81), id="host-and-port"),
        pytest.param("host", "A.example:81", read("a.example", 81, canonical=False), id="capitals"),
        pytest.param("connect", "a.example:443", read("a.example", 443), id="connect"),
        pytest.param("connect", "[::1]:443", read("::1", 443, by_number=True), id="connect-ipv6"),
        pytest.param("sni", "a.example", read("a.example", None), id="sni"),
        pytest.param("sni", "::1", read("::1", None, by_number=True), id="sni-of-an-address"),
        pytest.param("absolute", "https://a.example:81/x:y", read("a.example", 81), id="uri"),
        pytest.param("authority", "[::1]", read("::1", None, by_number=True), id="ipv6"),
    ],
)
def test_read(source: NameSource, text: str, expected: Authority) -> None:
    assert read_authority(source, text) == expected


@pytest.mark.parametrize("text", ["", ":80", "a:b:c", "a b", "a@b", "a\\b", "[::1", "[]", "a:99999", "a:-1", "a:１"])
@pytest.mark.parametrize("source", ["connect", "host", "authority", "absolute"])
def test_faults(source: NameSource, text: str) -> None:
    found = read_authority(source, text)
    assert found.fault is not None
    assert found.fault.startswith(TITLES[source])
    assert (found.host, found.canonical) == (None, False)


@given(st.sampled_from(sorted(TITLES)), st.text(max_size=400))
def test_whatever_is_sent_it_is_read_or_a_fault(source: NameSource, text: str) -> None:
    found = read_authority(source, text)
    assert (found.host is None) == (found.fault is not None)
