"""Multipart bodies: fields, files, and bodies that are not what their boundary says."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.form import FormError
from policies.multipart import boundaries, fields_of, parameter, read_parts

BODY = (
    b'--B\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ndispute\r\n'
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="a \xc3\xa9.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nabc\r\nd\r\n--B--\r\n"
)


def test_fields_and_files() -> None:
    parts = read_parts(BODY, "B")
    assert fields_of(parts) == {
        "purpose": "dispute",
        "file": {"filename": "a é.txt", "content_type": "text/plain", "size": 6},
    }
    assert parts[1].data == b"abc\r\nd"


def test_a_body_without_its_boundary() -> None:
    with pytest.raises(FormError, match="cannot be read"):
        read_parts(b"no boundary here", "B")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"nonsense", id="nonsense"),
        pytest.param(BODY[:-7], id="no-end"),
        pytest.param(BODY[:-7] + b"\r\n--B\r\n", id="a-part-that-is-not-there"),
        pytest.param(b"--BX\r\n", id="another-boundary"),
        pytest.param(b"--B\r\n@@: x\r\n\r\n", id="no-field"),
        pytest.param(b"--B\r\nA: b\rX", id="no-line-feed"),
    ],
)
def test_a_broken_body_is_refused_without_a_line_in_the_log(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    # As configuring logging anew leaves it, which servers do.
    logging.getLogger("policies.multipart.nobody").disabled = False
    with caplog.at_level(logging.DEBUG), pytest.raises(FormError, match="cannot be read"):
        read_parts(body, "B")
    assert caplog.records == []


def test_what_comes_after_the_end_is_passed_over_without_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert len(read_parts(BODY + b"an epilogue", "B")) == 2
    assert caplog.records == []


@pytest.mark.parametrize(
    ("value", "name", "found"),
    [
        pytest.param('form-data; name="a b"', "name", "a b", id="quoted"),
        pytest.param("multipart/form-data; boundary=xyz", "boundary", "xyz", id="bare"),
        pytest.param("form-data; filename*=UTF-8''%C3%A9", "filename", "é", id="rfc-2231"),
        pytest.param("form-data", "name", None, id="missing"),
    ],
)
def test_parameters(value: str, name: str, found: str | None) -> None:
    assert parameter(value, name) == found


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(body: bytes) -> None:
    try:
        parts = read_parts(b"--B\r\n" + body, "B")
    except FormError:
        return
    assert all(len(part.data) <= len(body) for part in parts)


@pytest.mark.parametrize(
    ("content_type", "count"),
    [
        pytest.param("multipart/form-data; boundary=b", 1, id="one"),
        pytest.param("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk", 1, id="as-browsers-have-it"),
        pytest.param('multipart/form-data; Boundary="b"; boundary=c', 2, id="two"),
        pytest.param("multipart/form-data; boundary*0=b; boundary*1=c", 2, id="in-pieces"),
    ],
)
def test_how_many_boundaries_there_are(content_type: str, count: int) -> None:
    assert boundaries(content_type) == count


@pytest.mark.parametrize(
    ("head", "doubt"),
    [
        pytest.param('Content-Disposition: form-data; name="a"', "", id="none"),
        pytest.param('Content-Disposition: form-data; name="a"; filename="name=b"', "", id="a-name-within-another"),
        pytest.param('Content-Disposition: form-data; name="a"; name="b"', "a part with two names", id="two-names"),
        pytest.param(
            'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64',
            "a part in a coding of its own",
            id="coded",
        ),
        pytest.param(
            'Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=utf-7',
            "a part in a character set of its own",
            id="charset",
        ),
    ],
)
def test_what_makes_a_part_doubtful(head: str, doubt: str) -> None:
    (part,) = read_parts(f"--b\r\n{head}\r\n\r\nx\r\n--b--".encode(), "b")
    assert (part.doubt, part.data) == (doubt, b"x")
