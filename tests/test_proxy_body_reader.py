"""Bodies by length and by chunks: the same however the bytes are cut, and refused where servers differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.body_reader import LONGEST_LINE, BodyReader, ChunkedReader, LengthReader, MalformedBody


def pour(reader: BodyReader, data: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    """The content and what was left over, with the bytes arriving in pieces."""
    buffer, content, at = bytearray(), b"", 0
    for cut in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        buffer += data[at:cut]
        at = max(at, cut)
        content += reader.take(buffer)
    return content, bytes(buffer)


@given(body=st.binary(max_size=60), cuts=st.lists(st.integers(0, 80), max_size=6))
def test_a_length_takes_exactly_its_octets(body: bytes, cuts: list[int]) -> None:
    reader = LengthReader(len(body))
    assert pour(reader, body + b"GET /", cuts) == (body, b"GET /")
    assert reader.done


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=20), max_size=5),
    cuts=st.lists(st.integers(0, 200), max_size=8),
    extension=st.sampled_from([b"", b";a=b", b" ;q"]),
)
def test_chunks_are_put_together_however_they_are_cut(chunks: list[bytes], cuts: list[int], extension: bytes) -> None:
    data = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk) for chunk in chunks) + b"0\r\n\r\n"
    reader = ChunkedReader()
    assert pour(reader, data + b"GET /", cuts) == (b"".join(chunks), b"GET /")
    assert reader.done
    assert not reader.trailers


def test_trailers_are_noted_and_dropped() -> None:
    reader = ChunkedReader()
    assert pour(reader, b"1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n", []) == (b"a", b"")
    assert (reader.done, reader.trailers) == (True, True)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"1\na\r\n0\r\n\r\n", id="bare-line-feed-after-size"),
        pytest.param(b"1\r\na\n0\r\n\r\n", id="bare-line-feed-after-data"),
        pytest.param(b"1\r\nab\r\n0\r\n\r\n", id="longer-than-its-size"),
        pytest.param(b"0x1\r\na\r\n", id="0x"),
        pytest.param(b"+1\r\na\r\n", id="plus"),
        pytest.param(b"-1\r\na\r\n", id="minus"),
        pytest.param(b" 1\r\na\r\n", id="leading-space"),
        pytest.param(b"\r\n", id="no-size"),
        pytest.param(b"1_0\r\n", id="underscore"),
        pytest.param(b"ffffffffffffffff\r\n", id="overflow"),
        pytest.param(b"1;a=\x00\r\na\r\n", id="nul-in-extension"),
        pytest.param(b"1;a\rb\r\na\r\n", id="carriage-return-in-extension"),
        pytest.param(b"0\r\nX : y\r\n\r\n", id="malformed-trailer"),
        pytest.param(b"1" * LONGEST_LINE, id="line-without-end"),
        pytest.param(b"0\r\n" + b"X: y\r\n" * 4000, id="trailers-without-end"),
    ],
)
def test_malformed_chunks(data: bytes) -> None:
    with pytest.raises(MalformedBody):
        pour(ChunkedReader(), data, [])
