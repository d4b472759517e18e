"""Parts, codings and character sets: nothing hides in them, and what cannot be looked into is not kept."""

import gzip
import zlib

import pytest
from masking_stage import MASKER, SECRET, masked, readable, request_of


def test_multipart() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="client_secret"\r\n\r\nx\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n{"password":"y"}\r\n--b--\r\n'
    )
    kept = readable(masked(body, "multipart/form-data; boundary=b"))
    assert kept == body.decode().replace("\r\nx\r\n", "\r\n[removed:client_secret:...]\r\n").replace(
        '"y"', '"[removed:password:...]"'
    )


@pytest.mark.parametrize(
    ("coding", "encode", "decode"),
    [
        pytest.param("gzip", gzip.compress, gzip.decompress, id="gzip"),
        pytest.param("deflate", zlib.compress, zlib.decompress, id="deflate"),
    ],
)
def test_a_compressed_body_is_masked_in_its_coding(coding: str, encode: object, decode: object) -> None:
    plain = b'{"password":"hunter2"}'
    request = request_of(encode(plain), headers=(("content-encoding", coding),))  # type: ignore[operator]  # from the table
    kept = MASKER.request(request, (), exact_body=False, message=False).body.data
    assert readable(decode(kept)) == '{"password":"[removed:password:...]"}'  # type: ignore[operator]  # from the table


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "nobody-knows", "gzip, gzip"])
def test_what_cannot_be_looked_into_keeps_digest_and_size_alone(coding: str) -> None:
    request = request_of(b"password=hunter2", headers=(("content-encoding", coding),))
    shown = MASKER.request(request, (), exact_body=False, message=False)
    assert (shown.body.data, shown.body.size, shown.body.sha256) == (None, 16, request.body.sha256)
    assert shown.flags == ("unreadable",)


@pytest.mark.parametrize("charset", ["utf-16x", "utf-32-", "utf16-le-le"])
def test_a_character_set_that_there_is_none_of_keeps_digest_and_size_alone(charset: str) -> None:
    request = request_of(b"{}", headers=(("content-type", f"application/json; charset={charset}"),))
    shown = MASKER.request(request, (), exact_body=False, message=False)
    assert (shown.body.data, shown.body.size, shown.flags) == (None, 2, ("unreadable",))


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_characters_hide_nothing(charset: str) -> None:
    body = f'{{"password":"{SECRET}"}}'.encode(charset)
    kept = masked(body, f"application/json; charset={charset}")
    assert SECRET.encode(charset)[-8:] not in kept
    assert b"removed".decode().encode(charset)[-8:] in kept
