"""Openings: TLS, HTTP or something else, told from as few bytes as it takes."""

import pytest

from proxy.head import Head, MalformedHead
from proxy.listener_opening import Opening, read_first_head, read_opening


@pytest.mark.parametrize(
    ("seen", "opening"),
    [
        pytest.param(b"GET ", Opening(http=True), id="http"),
        pytest.param(b"GE", None, id="perhaps-http"),
        pytest.param(b"PRI", None, id="perhaps-http2"),
        pytest.param(b"PROPFIND /x", Opening(http=True), id="a-method-that-begins-alike"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\n", Opening(why_not="HTTP/2 without TLS"), id="http2-in-the-clear"),
        pytest.param(b"\x16", None, id="perhaps-tls"),
        pytest.param(b"\x16\x02", Opening(why_not="the bytes are not TLS handshake records"), id="no-tls"),
        pytest.param(b"\x00", Opening(why_not="bytes that are neither TLS nor HTTP"), id="binary"),
        pytest.param(b"*1\r\n$4\r\nPING", Opening(why_not="bytes that are neither TLS nor HTTP"), id="redis"),
        pytest.param(b"x" * 40, Opening(why_not="bytes that are neither TLS nor HTTP"), id="a-word-without-end"),
    ],
)
def test_openings(seen: bytes, opening: Opening | None) -> None:
    assert read_opening(seen) == opening


def test_a_first_head_is_told_whole_malformed_or_not_yet() -> None:
    assert isinstance(read_first_head(b"GET / HTTP/1.1\r\n\r\n"), Head)
    assert isinstance(read_first_head(b"GET / HTTP/3\r\n\r\n"), MalformedHead)
    assert isinstance(read_first_head(b"\x00"), MalformedHead)
    assert read_first_head(b"GET / HT") is None
