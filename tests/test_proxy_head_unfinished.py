"""What has come of a head: what may still become one is waited for, and what cannot is refused at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.head import LONGEST_HEAD, MalformedHead, read_head
from proxy.head_unfinished import TooLongHead, behind, must_become_a_head

HEAD = b"POST /v1/charges?a=b HTTP/1.1\r\nHost: api.example.com\r\nX-A: b c\r\n\r\n"


@given(st.integers(0, len(HEAD) - 1))
def test_every_beginning_of_a_head_is_waited_for(octets: int) -> None:
    read_head(HEAD)
    must_become_a_head(bytearray(HEAD[:octets]), 80)


@pytest.mark.parametrize(
    ("octets", "port", "why"),
    [
        pytest.param(b"\x00\x01", 80, "^the bytes are not HTTP$", id="anything"),
        pytest.param(b"G=T /", 80, "^the bytes are not HTTP$", id="no-method"),
        pytest.param(b"AMQP\x00\x00\x09\x01", 443, "not HTTP but AMQP", id="a-protocol-that-is-known"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\n\n", 80, "line feed without", id="line-feeds-alone"),
    ],
)
def test_what_cannot_become_one_is_refused(octets: bytes, port: int, why: str) -> None:
    with pytest.raises(MalformedHead, match=why):
        must_become_a_head(bytearray(octets), port)


def test_one_that_does_not_end_is_too_long() -> None:
    begun = bytearray(b"GET / HTTP/1.1\r\nX: ")
    must_become_a_head(begun + b"x" * (LONGEST_HEAD - len(begun) - 1), 80)
    with pytest.raises(TooLongHead, match="65536"):
        must_become_a_head(begun + b"x" * (LONGEST_HEAD - len(begun)), 80)


@pytest.mark.parametrize(
    ("ahead", "host"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET /x", "a.test", id="a-head-and-more"),
        pytest.param(b"\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test", id="after-an-empty-line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a.test\r\n", None, id="part-of-a-head"),
        pytest.param(b"\x00\x01\r\n\r\n", None, id="no-head"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_what_came_behind_the_last_request(ahead: bytes, host: str | None) -> None:
    head = behind(ahead)
    assert (None if head is None else head.hosts[0]) == host
