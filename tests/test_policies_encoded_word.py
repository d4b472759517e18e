"""RFC 2047 words, well-formed and otherwise."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.encoded_word import codec_of, decode_octets, decode_words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(b"plain", "plain", id="plain"),
        pytest.param(b"=?ISO-8859-1?Q?a?=", "a", id="rfc-2047-one-word"),
        pytest.param(b"=?ISO-8859-1?Q?a?= b", "a b", id="rfc-2047-word-and-text"),
        pytest.param(b"=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab", id="rfc-2047-space-between-words-goes"),
        pytest.param(b"=?ISO-8859-1?Q?a_b?=", "a b", id="rfc-2047-underscore"),
        pytest.param(b"=?utf-8?b?w4M=?= x =?utf-8?q?=C3=A9?=", "Ã x é", id="both-encodings"),
        pytest.param(b"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é", id="character-split-between-words"),
        pytest.param(b"=?utf-8?b?w6k?=", "é", id="padding-missing"),
        pytest.param(b"=?utf-8*en?q?hi?=", "hi", id="rfc-2231-language"),
        pytest.param(b"=?iso-2022-jp?B?GyRCJDMbKEI=?=", "こ", id="iso-2022-jp"),
        pytest.param(b"=?no-such?q?=E9?=", "é", id="unknown-charset-falls-back"),
        pytest.param(b"=?utf-8?x?abc?=", "=?utf-8?x?abc?=", id="unknown-encoding-stays"),
        pytest.param(b"=?utf-8?b?A?= z", "=?utf-8?b?A?= z", id="impossible-base64-stays"),
        pytest.param(b"=?utf-8?q?open", "=?utf-8?q?open", id="never-closed-stays"),
    ],
)
def test_words(value: bytes, text: str) -> None:
    assert decode_words(value) == text


@pytest.mark.parametrize("charset", ["idna", "punycode", "zlib", "rot13", "undefined", "unicode_escape", "", "x" * 999])
def test_codecs_that_are_no_charsets_are_not_used(charset: str) -> None:
    assert codec_of(charset) is None


@pytest.mark.parametrize(
    "charset", ["UTF-8", "us-ascii", "ISO-8859-15", "windows-1252", "Shift_JIS", "GB2312", "KOI8-R"]
)
def test_charsets_of_real_mails_are_known(charset: str) -> None:
    assert decode_octets(b"abc", charset) == "abc"


@given(st.binary(max_size=500), st.sampled_from(["utf-8", "utf-7", "utf-16", "iso-2022-kr", "hz-gb-2312", "big5", "x"]))
def test_any_octets_are_decoded(octets: bytes, charset: str) -> None:
    decode_octets(octets, charset)
    word = b"=?" + charset.encode() + b"?b?" + base64.b64encode(octets) + b"?="
    decode_words(word * 3 + octets)


@given(st.text(max_size=60))
def test_what_was_encoded_comes_back(text: str) -> None:
    words = [b"=?utf-8?b?" + base64.b64encode(character.encode("utf-8", "replace")) + b"?=" for character in text]
    assert decode_words(b" ".join(words)) == text.encode("utf-8", "replace").decode()
