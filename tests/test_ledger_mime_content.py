"""Transfer encodings and charsets undone."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.mime_budget import DEFAULT, MimeBudget
from ledger.mime_content import content_of, text_of
from ledger.mime_head import Head
from ledger.mime_tree import Leaf


def leaf(encoding: bytes, size: int, charset: str | None = None) -> Leaf:
    parameters = {} if charset is None else {"charset": charset}
    return Leaf(Head((("Content-Transfer-Encoding", encoding),), 0), "text/plain", parameters, 0, size)


@pytest.mark.parametrize(
    ("encoding", "raw", "content", "flags"),
    [
        pytest.param(b"base64", b"aGVs\r\nbG8=\r\n", b"hello", (), id="base64"),
        pytest.param(b"BASE64", b"aGVsbG8=", b"hello", (), id="case"),
        pytest.param(b"base64", b"aGVsbG8=\r\n\r\nfooter=", b"hello", ("broken_base64",), id="text-after-the-padding"),
        pytest.param(b"base64", b"aGVs\xffbG8=", b"hello", ("broken_base64",), id="dirt"),
        pytest.param(b"base64", b"a", b"", ("broken_base64",), id="one-character"),
        pytest.param(b"quoted-printable", b"h=C3=A9=\r\nllo =3D", "héllo =".encode(), (), id="quoted-printable"),
        pytest.param(b"quoted-printable", b"=ZZ=", b"=ZZ", (), id="broken-quoted-printable"),
        pytest.param(b"8bit", b"h\xe9", b"h\xe9", (), id="8bit"),
        pytest.param(b"uuencode", b"x", b"x", ("unknown_encoding",), id="unknown"),
    ],
)
def test_contents(encoding: bytes, raw: bytes, content: bytes, flags: tuple[str, ...]) -> None:
    assert content_of(raw, leaf(encoding, len(raw))) == (content, flags)


@given(st.binary(max_size=300))
def test_base64_comes_back(octets: bytes) -> None:
    raw = base64.encodebytes(octets)
    assert content_of(raw, leaf(b"base64", len(raw))) == (octets, ())


@given(st.binary(max_size=300), st.sampled_from([b"base64", b"quoted-printable", b"", b"x"]))
def test_any_octets_have_content(octets: bytes, encoding: bytes) -> None:
    content_of(octets, leaf(encoding, len(octets)))


@pytest.mark.parametrize(
    ("octets", "charset", "text", "flags"),
    [
        pytest.param(b"h\xe9", "iso-8859-1", "hé", (), id="charset"),
        pytest.param(b"h\xc3\xa9", None, "hé", (), id="utf-8-unsaid"),
        pytest.param(b"h\xe9", None, "hé", (), id="latin-1-unsaid"),
        pytest.param(b"h\xe9", "utf-8", "h\N{REPLACEMENT CHARACTER}", (), id="wrongly-named"),
        pytest.param(b"hi", "x-klingon", "hi", ("unknown_charset",), id="unknown-charset"),
        pytest.param(b"a\r\nb\rc\0", None, "a\nb\nc\N{REPLACEMENT CHARACTER}", (), id="line-ends-and-nul"),
    ],
)
def test_texts(octets: bytes, charset: str | None, text: str, flags: tuple[str, ...]) -> None:
    assert text_of(octets, leaf(b"", 0, charset), DEFAULT) == (text, flags)


def test_a_long_text_is_cut() -> None:
    assert text_of(b"abcdef", leaf(b"", 0), MimeBudget(text_octets=3)) == ("abc", ("text_truncated",))
