"""Request bodies without their codings: compressed and aws-chunked ones, within a bound. `request_view` parses them."""

import zlib
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard

LIMIT = 32 * 1024 * 1024
"""Octets a body may decode to; a larger one is not looked into."""
_STEP = 256 * 1024


class Undecodable(ValueError):
    """A body that is not in the coding it declares, or decodes to more than `LIMIT` octets."""


def decoded(data: bytes, headers: Mapping[str, str]) -> bytes:
    """The body without its codings (RFC 9110, section 8.4; AWS Signature Version 4 for streams). Raises Undecodable."""
    codings = [coding.strip().lower() for coding in headers.get("content-encoding", "").split(",")]
    if headers.get("x-amz-content-sha256", "").startswith("STREAMING-") and "aws-chunked" not in codings:
        codings.append("aws-chunked")
    # aws-chunked goes over the wire outermost, wherever the list names it.
    if "aws-chunked" in codings:
        data = aws_unchunked(data)
    for coding in reversed(codings):
        if coding not in ("", "identity", "aws-chunked"):
            data = _without(coding, data)
    return data


def aws_unchunked(data: bytes) -> bytes:
    """The content of an aws-chunked body: `<hex size>[;chunk-signature=...] CRLF <octets> CRLF`, ended by size 0."""
    chunks: list[bytes] = []
    at = 0
    while True:
        end = data.find(b"\r\n", at, at + 4096)
        if end < 0:
            raise Undecodable("an aws-chunked body that ends within a chunk's head")
        size = _chunk_size(data[at:end])
        if size == 0:
            return b"".join(chunks)
        at = end + 2 + size
        if data[at : at + 2] != b"\r\n":
            raise Undecodable(f"an aws-chunked body whose chunk of {size} octets does not end where it should")
        chunks.append(data[end + 2 : at])
        at += 2


def _chunk_size(head: bytes) -> int:
    digits = head.partition(b";")[0]
    if not 0 < len(digits) <= 12 or digits.strip(b"0123456789abcdefABCDEF"):
        raise Undecodable(f"an aws-chunked body whose chunk begins with {head[:40]!r}")
    return int(digits, 16)


def _without(coding: str, data: bytes) -> bytes:
    decode = _DECODERS.get(coding)
    if decode is None:
        raise Undecodable(f"a body in the coding {coding[:40]!r}, which is not known")
    try:
        return decode(data)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise Undecodable(f"a body that is no {coding}: {error}") from error


def _bounded(decoder: "zlib._Decompress", data: bytes) -> bytes:
    out = decoder.decompress(data, LIMIT + 1)
    _check(len(out))
    if not decoder.eof:
        raise Undecodable("a compressed body that ends before its end")
    if decoder.unused_data:
        raise Undecodable("a compressed body that goes on after its end")
    return out


def _gzip(data: bytes) -> bytes:
    """Every member of it (RFC 1952, 2.2): what follows the first is content too."""
    out = b""
    while data:
        decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
        out += decoder.decompress(data, LIMIT + 1 - len(out))
        _check(len(out))
        if not decoder.eof:
            raise Undecodable("a compressed body that ends before its end")
        data = decoder.unused_data
    return out


def _deflate(data: bytes) -> bytes:
    """With a zlib header as RFC 9110 has it, or bare as many clients send it."""
    try:
        wrapped = _bounded(zlib.decompressobj(zlib.MAX_WBITS), data)
    except zlib.error:
        return _bounded(zlib.decompressobj(-zlib.MAX_WBITS), data)
    bare = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        bare.decompress(data, LIMIT + 1)
    except zlib.error:
        return wrapped
    if bare.eof:
        raise Undecodable("a body that is deflate with a header and without one, and not the same")
    return wrapped


def _brotli(data: bytes) -> bytes:
    decoder = brotli.Decompressor()
    out = bytearray()
    for at in range(0, len(data), _STEP):
        out += decoder.process(data[at : at + _STEP], output_buffer_limit=LIMIT + 1)
        _check(len(out))
    if not decoder.is_finished():
        raise Undecodable("a brotli body that ends before its end or decodes to too much")
    return bytes(out)


def _zstd(data: bytes) -> bytes:
    out = bytearray()
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        while chunk := reader.read(_STEP):
            out += chunk
            _check(len(out))
    return bytes(out)


def _check(size: int) -> None:
    if size > LIMIT:
        raise Undecodable(f"a body that decodes to more than {LIMIT} octets")


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
