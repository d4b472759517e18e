"""Codings of request bodies: each undone, within a bound, or refused."""

import gzip
import zlib

import brotli  # type: ignore[import-untyped]  # it ships no types
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from policies.request_body import LIMIT, Undecodable, aws_unchunked, decoded

PLAIN = b'{"to": "+15550100"}' * 9


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        pytest.param("gzip", gzip.compress(PLAIN), id="gzip"),
        pytest.param("X-GZIP", gzip.compress(PLAIN), id="x-gzip-in-capitals"),
        pytest.param("deflate", zlib.compress(PLAIN), id="deflate"),
        pytest.param("deflate", zlib.compress(PLAIN)[2:-4], id="deflate-bare"),
        pytest.param("br", brotli.compress(PLAIN), id="brotli"),
        pytest.param("zstd", zstandard.compress(PLAIN), id="zstd"),
        pytest.param("gzip, br", brotli.compress(gzip.compress(PLAIN)), id="two"),
        pytest.param("identity", PLAIN, id="identity"),
    ],
)
def test_codings(coding: str, body: bytes) -> None:
    assert decoded(body, {"content-encoding": coding}) == PLAIN


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        pytest.param("gzip", b"no gzip", id="no-gzip"),
        pytest.param("gzip", gzip.compress(PLAIN)[:-9], id="cut-short"),
        pytest.param("br", brotli.compress(PLAIN)[:-2], id="brotli-cut-short"),
        pytest.param("zstd", b"no zstd", id="no-zstd"),
        pytest.param("compress", PLAIN, id="unknown"),
    ],
)
def test_what_is_not_what_it_says(coding: str, body: bytes) -> None:
    with pytest.raises(Undecodable, match="body"):
        decoded(body, {"content-encoding": coding})


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_bomb_is_refused(coding: str) -> None:
    compress = {"gzip": gzip.compress, "br": lambda data: brotli.compress(data, quality=1), "zstd": zstandard.compress}
    with pytest.raises(Undecodable, match=r"more than|too much"):
        decoded(compress[coding](bytes(LIMIT + 1)), {"content-encoding": coding})


CHUNKED = b"3;chunk-signature=0\r\nabc\r\n2\r\nde\r\n0;chunk-signature=0\r\nx-amz-checksum-crc32:AA==\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"content-encoding": "aws-chunked"}, id="by-coding"),
        pytest.param({"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, id="by-signature"),
    ],
)
def test_aws_chunked(headers: dict[str, str]) -> None:
    assert decoded(CHUNKED, headers) == b"abcde"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"3\r\nabcd\r\n0\r\n\r\n", id="too-long-a-chunk"),
        pytest.param(b"9\r\nabc\r\n", id="too-short-a-chunk"),
        pytest.param(b"-3\r\nabc\r\n0\r\n\r\n", id="negative"),
        pytest.param(b"3_0\r\n", id="underscore"),
        pytest.param(b"abc", id="no-head"),
    ],
)
def test_aws_chunked_that_is_not(body: bytes) -> None:
    with pytest.raises(Undecodable, match="aws-chunked"):
        aws_unchunked(body)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_any_chunks_come_back(chunks: list[bytes]) -> None:
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert aws_unchunked(body) == b"".join(chunks)


@given(st.binary(max_size=200))
def test_any_octets_are_decoded_or_refused(body: bytes) -> None:
    try:
        assert len(aws_unchunked(body)) <= len(body)
    except Undecodable:
        return


def test_deflate_that_is_read_in_two_ways_is_not_read() -> None:
    """As zlib's form one stored block of 65,278 octets; as bare deflate one octet, another text, and an end."""
    hidden = b"To=%2B4915112345678"
    length = len(hidden).to_bytes(2, "little")
    other = length + bytes(octet ^ 0xFF for octet in length) + hidden + b"\x01\0\0\xff\xff"
    text = other + b"a" * (0xFFFE - len(other))
    sent = b"\x78\x01" + b"\0\xfe\xff\x01\0" + text + b"\x01\0\0\xff\xff" + zlib.adler32(text).to_bytes(4)
    assert zlib.decompress(sent) == text
    assert hidden in zlib.decompressobj(-15).decompress(sent)
    with pytest.raises(Undecodable, match="with a header and without"):
        decoded(sent, {"content-encoding": "deflate"})
