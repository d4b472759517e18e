"""The strict head: what is read, what is refused and why, and that llhttp reads what we read in the same way."""

import contextlib

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.head import MOST_FIELDS, Head, MalformedHead, head_end, read_head

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n"


def test_a_head_is_read_as_sent() -> None:
    head = read_head(
        b"POST /v1/x?y=%C3 HTTP/1.1\r\nHost: A.example:443\r\nX-Two:\t b c \r\nx-two: d\r\nContent-Length: 3\r\n\r\n"
    )
    assert head == Head(
        method="POST",
        target="/v1/x?y=%C3",
        minor=1,
        headers=(("host", "A.example:443"), ("x-two", "b c"), ("x-two", "d"), ("content-length", "3")),
        hosts=("A.example:443",),
        length=3,
    )


@pytest.mark.parametrize(
    ("head", "why"),
    [
        pytest.param(GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "both", id="length-and-chunked"),
        pytest.param(GET + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "both", id="chunked-and-length"),
        pytest.param(GET + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\n", "two Content-Length", id="length-twice"),
        pytest.param(GET + b"Content-Length: 3, 3\r\n\r\n", "not a number", id="length-list"),
        pytest.param(GET + b"Content-Length: +3\r\n\r\n", "not a number", id="length-plus"),
        pytest.param(GET + b"Content-Length: -3\r\n\r\n", "not a number", id="length-negative"),
        pytest.param(GET + b"Content-Length: 0x3\r\n\r\n", "not a number", id="length-hexadecimal"),
        pytest.param(GET + b"Content-Length: 1_0\r\n\r\n", "not a number", id="length-underscore"),
        pytest.param(GET + b"Content-Length: \xb2\r\n\r\n", "not a number", id="length-superscript-digit"),
        pytest.param(GET + b"Content-Length:\r\n\r\n", "not a number", id="length-empty"),
        pytest.param(GET + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", "not a number", id="length-overflowing"),
        pytest.param(GET + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "single chunked", id="coding-list"),
        pytest.param(
            GET + b"Transfer-Encoding: chunked, identity\r\n\r\n", "single chunked", id="coding-after-chunked"
        ),
        pytest.param(GET + b"Transfer-Encoding: xchunked\r\n\r\n", "single chunked", id="coding-unknown"),
        pytest.param(GET + b"Transfer-Encoding: \x0bchunked\r\n\r\n", "control characters", id="coding-after-control"),
        pytest.param(
            GET + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "single chunked",
            id="coding-twice",
        ),
        pytest.param(GET + b"Transfer-Encoding : chunked\r\n\r\n", "space between", id="space-before-colon"),
        pytest.param(GET + b"Transfer-Encoding\t: chunked\r\n\r\n", "space between", id="tab-before-colon"),
        pytest.param(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0", id="chunked-in-1.0"),
        pytest.param(GET + b"X: a\r\n b\r\n\r\n", "folded", id="folded-with-space"),
        pytest.param(GET + b"X: a\r\n\tb\r\n\r\n", "folded", id="folded-with-tab"),
        pytest.param(b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "folded", id="space-before-first-field"),
        pytest.param(GET + b"X: a\nY: b\r\n\r\n", "line feed without", id="bare-line-feed"),
        pytest.param(GET + b"X: a\rY: b\r\n\r\n", "carriage return without", id="bare-carriage-return"),
        pytest.param(GET + b"X: a\0b\r\n\r\n", "NUL", id="nul"),
        pytest.param(GET + b"X: a\x7fb\r\n\r\n", "control characters", id="delete-character"),
        pytest.param(GET + b": a\r\n\r\n", "header field", id="nameless-field"),
        pytest.param(GET + b"X\r\n\r\n", "header field", id="field-without-colon"),
        pytest.param(GET + b"X(y): a\r\n\r\n", "header field", id="name-that-is-no-token"),
        pytest.param(b"GET  / HTTP/1.1\r\n\r\n", "request line", id="two-spaces"),
        pytest.param(b"GET\t/ HTTP/1.1\r\n\r\n", "request line", id="tab-for-space"),
        pytest.param(b"GET / HTTP/1.1 \r\n\r\n", "request line", id="space-at-end"),
        pytest.param(b"GET / HTTP/1.2\r\n\r\n", "request line", id="version-1.2"),
        pytest.param(b"GET / HTTP/2.0\r\n\r\n", "request line", id="version-2"),
        pytest.param(b"GET / http/1.1\r\n\r\n", "request line", id="version-lower-case"),
        pytest.param(b"GET /\r\n\r\n", "request line", id="version-0.9"),
        pytest.param(b"GET /a b HTTP/1.1\r\n\r\n", "request line", id="space-in-target"),
        pytest.param(b"G(T / HTTP/1.1\r\n\r\n", "request line", id="method-that-is-no-token"),
        pytest.param(GET + b"X: y\r\n" * MOST_FIELDS + b"\r\n", "at most 256", id="too-many-fields"),
    ],
)
def test_what_servers_read_in_two_ways_is_refused(head: bytes, why: str) -> None:
    with pytest.raises(MalformedHead, match=why):
        read_head(head)


@pytest.mark.parametrize(
    ("line", "fields", "kept"),
    [
        pytest.param(b"HTTP/1.1", b"", True, id="1.1"),
        pytest.param(b"HTTP/1.1", b"Connection: close\r\n", False, id="1.1-close"),
        pytest.param(b"HTTP/1.1", b"Connection: x, Close\r\n", False, id="1.1-close-in-a-list"),
        pytest.param(b"HTTP/1.1", b"Connection: x\r\nConnection: close\r\n", False, id="1.1-close-in-a-second-field"),
        pytest.param(b"HTTP/1.0", b"", False, id="1.0"),
        pytest.param(b"HTTP/1.0", b"Connection: keep-alive\r\n", True, id="1.0-keep-alive"),
    ],
)
def test_whether_a_connection_is_kept(line: bytes, fields: bytes, kept: bool) -> None:
    assert read_head(b"GET / " + line + b"\r\n" + fields + b"\r\n").keep_alive is kept


def test_proxy_credentials_are_ours_and_not_among_the_fields() -> None:
    head = read_head(GET + b"Proxy-Authorization: Basic cjp0\r\nX: y\r\n\r\n")
    assert head.proxy_authorization == "Basic cjp0"
    assert head.headers == (("host", "a.example"), ("x", "y"))


def test_a_query_is_not_repeated_in_an_error() -> None:
    with pytest.raises(MalformedHead) as refused:
        read_head(b"GET /a?key=sk_live_1 b HTTP/1.1\r\n\r\n")
    assert "sk_live_1" not in str(refused.value)


def test_a_bare_line_feed_ends_no_head() -> None:
    assert head_end(b"GET / HTTP/1.1\nHost: a\n\n") == -1
    assert head_end(b"GET / HTTP/1.1\r\n\r\nrest") == 18


class Llhttp:
    """What llhttp makes of the same bytes."""

    def __init__(self, data: bytes) -> None:
        self.url = b""
        self.fields: list[tuple[str, str]] = []
        self.parser = httptools.HttpRequestParser(self)
        with contextlib.suppress(httptools.HttpParserUpgrade):
            self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")))


TOKEN = st.text("abcXYZ-_!09", min_size=1, max_size=8)
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    path=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12),
    fields=st.lists(st.tuples(TOKEN, VALUE), max_size=6),
)
def test_llhttp_reads_what_we_accept_in_the_same_way(method: str, path: str, fields: list[tuple[str, str]]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    data = f"{method} /{path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
    head = read_head(data)
    other = Llhttp(data)
    assert other.parser.get_method().decode() == head.method
    assert other.url.decode() == head.target
    assert tuple(other.fields) == head.headers


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(MalformedHead):
        read_head(data + b"\r\n\r\n")


@given(cut=st.integers(len(GET), 80), noise=st.binary(min_size=1, max_size=3))
def test_whatever_is_put_among_the_fields_we_and_llhttp_agree_or_we_refuse(cut: int, noise: bytes) -> None:
    whole = GET + b"Content-Length: 12\r\nX-Field: value\r\n\r\n"
    data = whole[:cut] + noise + whole[cut:]
    end = head_end(data)
    try:
        head = read_head(data[:end])
    except MalformedHead:
        return
    other = Llhttp(data[:end])
    assert tuple(other.fields) == head.headers
