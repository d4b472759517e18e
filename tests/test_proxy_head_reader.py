"""A head told by an earlier one is what a fresh reading of it gives, and what a fresh reading refuses is refused."""

from dataclasses import asdict
from typing import Any

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.http_request import RunClaim
from proxy.connection import Connection
from proxy.head import Head, MalformedHead, read_head
from proxy.head_reader import LONGEST, MOST_HEADS, MOST_KINDS, MOST_READERS, MOST_UNLIKE, HeadReader, HeadReaders

FIRST = b"POST /v1/charges HTTP/1.1\r\nHost: a.example\r\nDate: now\r\nContent-Length: 3\r\nAccept: */*\r\n\r\n"


def outcome(read: Any, data: bytes) -> dict[str, Any] | str:
    try:
        head: Head = read(data)
    except MalformedHead as error:
        return str(error)
    told = asdict(head)
    del told["likeness"]
    return told


LINES = (
    b"GET /a HTTP/1.1", b"GET /b?c=d HTTP/1.1", b"GET /b HTTP/1.0", b"POST /a HTTP/1.1",
    b"GET http://a.example/ HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"GET / a HTTP/1.1", b"GET /\x01 HTTP/1.1", b"GET /  HTTP/1.1", b"GET  / HTTP/1.1", b"GET /",
    b"GET /\xe9 HTTP/1.1",
)  # fmt: skip
FIELDS = (
    b"Host: a.example", b"Host: b.example", b"Content-Length: 1", b"Content-Length: 22", b"content-length:22 ",
    b"Content-Length: x", b"Content-Length: +1", b"Content-Length:",
    b"Transfer-Encoding: chunked", b"Connection: close",
    b"Date: now", b"Date: then\t", b"Date:", b"Date: a\x00", b"Date: a\nHost: c.example", b"Date: \xff", b"Date : now",
    b"Idempotency-Key: 1", b"Idempotency-Key: 2", b" folded", b"Proxy-Authorization: Basic YTpi", b"Upgrade: x",
)  # fmt: skip
HEADS = st.builds(
    lambda line, fields, end: b"\r\n".join([line, *fields]) + end,
    st.sampled_from(LINES),
    st.lists(st.sampled_from(FIELDS), max_size=4),
    st.sampled_from([b"\r\n\r\n", b"\r\n\r\n", b"\r\n", b"\r\n\r\nX: y\r\n\r\n"]),
)


@settings(max_examples=examples(300))
@given(st.lists(HEADS, min_size=1, max_size=5))
def test_every_head_is_what_a_fresh_reading_gives(heads: list[bytes]) -> None:
    reader = HeadReader()
    for data in (*heads, *heads):
        assert outcome(reader.read, data) == outcome(read_head, data)


@settings(max_examples=examples(300))
@given(st.integers(0, len(FIRST)), st.integers(0, 3), st.binary(max_size=3))
def test_a_head_that_differs_in_any_octet_is_what_a_fresh_reading_gives(at: int, cut: int, put: bytes) -> None:
    reader = HeadReader()
    reader.read(FIRST)
    data = FIRST[:at] + put + FIRST[at + cut :]
    assert outcome(reader.read, data) == outcome(read_head, data)


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        pytest.param(FIRST, True, id="the-same"),
        pytest.param(FIRST.replace(b"charges", b"refunds"), True, id="another-target"),
        pytest.param(FIRST.replace(b"now", b"then"), True, id="another-value-that-changes"),
        pytest.param(FIRST.replace(b"th: 3", b"th: 44"), True, id="another-length"),
        pytest.param(FIRST.replace(b"a.example", b"b.example"), False, id="another-host"),
        pytest.param(FIRST.replace(b"POST", b"PUT"), False, id="another-method"),
        pytest.param(FIRST.replace(b"1.1", b"1.0"), False, id="another-version"),
        pytest.param(FIRST.replace(b"Date", b"date"), False, id="another-spelling"),
        pytest.param(FIRST.replace(b"/v1", b"http://a.example/v1"), False, id="another-form-of-target"),
    ],
)
def test_what_is_alike(other: bytes, alike: bool) -> None:
    reader = HeadReader()
    first, second = reader.read(FIRST), reader.read(other)
    assert (second.likeness is first.likeness) is alike


def test_what_is_remembered_is_bounded() -> None:
    reader = HeadReader()
    first = reader.read(FIRST)
    assert reader.read(FIRST) is first
    for number in range(max(MOST_KINDS, MOST_HEADS)):
        reader.read(b"GET / HTTP/1.1\r\nHost: %d\r\n\r\n" % number)
    assert reader.read(FIRST).likeness is not first.likeness
    for number in range(MOST_UNLIKE):
        head = reader.read(b"GET / HTTP/1.1\r\nHost: h%d\r\n\r\n" % number)
    assert head.likeness is None
    assert reader.read(b"GET /x HTTP/1.1\r\nHost: h1\r\n\r\n").likeness is None
    assert HeadReader().read(b"GET / HTTP/1.1\r\nCookie: %s\r\n\r\n" % (b"c" * LONGEST)).likeness is None


def connection(**different: Any) -> Connection:
    usual = {"id": "1", "source": "127.0.0.1", "source_port": 1, "entrance": "steered", "port": 443, "tls": True}
    return Connection(**{**usual, **different})


@pytest.mark.parametrize(
    ("different", "shared"),
    [
        pytest.param({"id": "2", "source_port": 2}, True, id="the-same-client"),
        pytest.param({"source": "127.0.0.2"}, False, id="another-client"),
        pytest.param({"names": (("sni", "a.example"),)}, False, id="another-name"),
        pytest.param({"port": 8443}, False, id="another-port"),
        pytest.param({"tls": False}, False, id="in-the-clear"),
        pytest.param({"claim": RunClaim("r", "t")}, False, id="another-run"),
    ],
)
def test_connections_share_a_reader_only_where_their_requests_are_described_alike(
    different: dict[str, Any], shared: bool
) -> None:
    readers = HeadReaders()
    assert (readers.of(connection()) is readers.of(connection(**different))) is shared


def test_readers_are_bounded() -> None:
    readers = HeadReaders()
    first = readers.of(connection())
    for number in range(MOST_READERS):
        readers.of(connection(port=number))
    assert readers.of(connection()) is not first
