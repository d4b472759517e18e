"""MaskedPart: no key is left in a part's head or content, however it is coded; files that are kept exactly stay."""

import base64
import gzip
import json
import zlib

import pytest
from masking_stage import MASKER, SECRET, masked, readable, request_of
from secret_search import unpacked

from ledger.masked_part import Part

MULTIPART = "multipart/form-data; boundary=XX"
FIELD = b'Content-Disposition: form-data; name="p"\r\n'
TOKEN = json.dumps({"note": "x" * 60, "token": SECRET}).encode()


def body_of(part: bytes) -> bytes:
    return b"--XX\r\n" + part + b"\r\n--XX--\r\n"


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(FIELD + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(TOKEN), id="base64"),
        pytest.param(FIELD + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(TOKEN), id="lines"),
        pytest.param(
            FIELD + b'Content-Transfer-Encoding: quoted-printable\r\n\r\n{"tok=\r\nen"=3A"' + SECRET.encode() + b'"}',
            id="quoted-printable",
        ),
        pytest.param(FIELD + b"\r\n" + gzip.compress(TOKEN), id="packed"),
        pytest.param(FIELD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(TOKEN), id="coded"),
        pytest.param(FIELD + b"\r\n" + TOKEN.decode().encode("utf-16"), id="wide"),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=YY\r\n\r\n--YY\r\n"
            b'Content-Disposition: form-data; name="password"\r\n\r\n' + SECRET.encode() + b"\r\n--YY--",
            id="of-parts-itself",
        ),
        pytest.param(
            b"Content-Type: application/http\r\n\r\nPOST /x HTTP/1.1\r\nAuthorization: Bearer " + SECRET.encode(),
            id="request-in-a-batch",
        ),
        pytest.param(FIELD + b"X-Api-Key: " + SECRET.encode() + b"\r\n\r\nx", id="field-of-its-head"),
        pytest.param(FIELD + b"Authorization: Bearer\r\n " + SECRET.encode() + b"\r\n\r\nx", id="folded-field"),
        pytest.param(
            b'Content-Disposition: form-data; name="f"; filename="sk_live_' + SECRET.encode() + b'.txt"\r\n\r\nx',
            id="name-of-a-file",
        ),
        pytest.param(b"Content-Disposition: form-data;\r\n name=pin\r\n\r\n" + SECRET.encode(), id="folded-name"),
        pytest.param(b"Content-Disposition: form-data; name='pass'\r\n\r\n" + SECRET.encode(), id="single-quotes"),
    ],
)
def test_no_key_is_left_in_a_part(part: bytes) -> None:
    kept = masked(body_of(part), MULTIPART)
    assert kept
    assert kept.startswith(b"--XX\r\n")
    told = Part.of(kept.partition(b"--XX\r\n")[2].removesuffix(b"--XX--\r\n"))
    assert told is not None
    texts = [kept, told.decoded(), *unpacked(told.decoded())]
    assert not [text for text in texts if SECRET.encode() in text.replace(b"\0", b"")]


def test_what_stands_before_the_first_part_is_looked_at() -> None:
    kept = masked(b"password=" + SECRET.encode() + b"\r\n" + body_of(FIELD + b"\r\nx"), MULTIPART)
    assert SECRET.encode() not in kept


def test_what_holds_no_key_stays_octet_for_octet() -> None:
    for part in (
        FIELD + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(b"nothing to hide" * 9),
        FIELD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b'{"a": 1}'),
        b'Content-Disposition: form-data; name="f"; filename="token.txt"\r\n\r\nhello',
    ):
        assert masked(body_of(part), MULTIPART) == body_of(part)


def test_what_nobody_can_read_goes() -> None:
    part = FIELD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(TOKEN, 0)[:-9]
    assert b"[removed:unreadable:" in masked(body_of(part), MULTIPART)


def test_parts_within_parts_end() -> None:
    body = b"password=" + SECRET.encode()
    for level in range(2000):
        body = b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n%b\r\n--%d--" % (
            level,
            level - 1,
            body,
            level,
        )
    assert SECRET.encode() not in masked(body, "multipart/mixed; boundary=1999")


def test_of_a_form_that_uploads_a_file_the_file_is_kept_exactly() -> None:
    file = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\npassword=' + SECRET.encode()
    signed = b'Content-Disposition: form-data; name="x-amz-signature"\r\n\r\nhunter2hunter2\r\n--XX\r\n'
    request = request_of(b"--XX\r\n" + signed + file + b"\r\n--XX--\r\n", MULTIPART)
    kept = MASKER.request(request, (), exact_body=True, message=False).body.data or b""
    assert file in kept
    assert b"hunter2" not in kept
    assert "[removed:x_amz_signature:...]" in readable(kept)
