"""The forms of a request's target."""

import pytest

from proxy.head import Head, MalformedHead
from proxy.head_target import Target, read_authority, read_target, split_port


def head(target: str, method: str = "GET") -> Head:
    return Head(method, target, 1, ())


@pytest.mark.parametrize(
    ("target", "read"),
    [
        pytest.param("/a?b=c", Target("/a?b=c"), id="origin"),
        pytest.param("//evil.example/a", Target("//evil.example/a"), id="origin-with-two-slashes"),
        pytest.param("http://a.example/b?c", Target("/b?c", "http", "a.example"), id="absolute"),
        pytest.param("HTTPS://a.example:8443", Target("/", "https", "a.example:8443"), id="absolute-without-path"),
        pytest.param("http://a.example?b", Target("/?b", "http", "a.example"), id="absolute-with-query-alone"),
        pytest.param("http://u:p@a.example/", Target("/", "http", "u:p@a.example"), id="user-info-stays-to-be-judged"),
        pytest.param("http://a\\@b.example/", Target("/", "http", "a\\@b.example"), id="backslash-stays-to-be-judged"),
        pytest.param("ws://a.example/", Target("/", "http", "a.example"), id="websocket-scheme"),
    ],
)
def test_targets(target: str, read: Target) -> None:
    assert read_target(head(target)) == read


def test_an_asterisk_is_for_options_alone() -> None:
    assert read_target(head("*", "OPTIONS")) == Target("*")
    with pytest.raises(MalformedHead):
        read_target(head("*"))


@pytest.mark.parametrize("target", ["a.example:443", "ftp://a.example/", "javascript:1", "?x", "a/b"])
def test_targets_that_are_none(target: str) -> None:
    with pytest.raises(MalformedHead, match="neither a path nor an absolute"):
        read_target(head(target))


@pytest.mark.parametrize(
    ("target", "read"),
    [
        pytest.param("a.example:443", ("a.example", 443), id="name"),
        pytest.param("[::1]:443", ("::1", 443), id="address-of-version-6"),
        pytest.param("u@a.example:443", ("u@a.example", 443), id="user-info-stays-to-be-judged"),
    ],
)
def test_authorities(target: str, read: tuple[str, int]) -> None:
    assert read_authority(target) == read


@pytest.mark.parametrize(
    "target", ["a.example", "a.example:", "a.example:0", "a.example:65536", ":443", "/", "a:b:443"]
)
def test_authorities_that_are_none(target: str) -> None:
    with pytest.raises(MalformedHead, match="does not name a host and a port"):
        read_authority(target)


def test_ports_that_are_not_named_are_the_default() -> None:
    assert split_port("a.example", 80) == ("a.example", 80)
    assert split_port("a.example:81", 80) == ("a.example", 81)
    assert split_port("", 80) == ("", 80)
