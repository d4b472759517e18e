"""Heads and parameters out of any octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.mime_budget import DEFAULT, MimeBudget
from ledger.mime_head import read_head, read_parameters


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        pytest.param(b"text/plain", "text/plain", {}, id="alone"),
        pytest.param(b'Text/HTML; Charset="UTF-8"', "text/html", {"charset": "UTF-8"}, id="quoted"),
        pytest.param(b'a/b; name="x;y\\"z"', "a/b", {"name": 'x;y"z'}, id="semicolon-and-quote-inside"),
        pytest.param(
            b"attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf",
            "attachment",
            {"filename": "résumé.pdf"},
            id="rfc-2231",
        ),
        pytest.param(
            b"attachment; filename*0*=iso-8859-1'en'caf%E9; filename*1=\" menu\"; filename*2*=%2Epdf",
            "attachment",
            {"filename": "café menu.pdf"},
            id="rfc-2231-continued",
        ),
        pytest.param(
            b'attachment; filename="=?utf-8?q?=C3=A9.txt?="', "attachment", {"filename": "é.txt"}, id="encoded-word"
        ),
        pytest.param(b'a/b; name="open', "a/b", {"name": "open"}, id="never-closed"),
        pytest.param(b";;=;x", "", {"": "", "x": ""}, id="nonsense"),
    ],
)
def test_parameters(value: bytes, main: str, parameters: dict[str, str]) -> None:
    assert read_parameters(value) == (main, parameters)


@pytest.mark.parametrize(
    ("raw", "fields", "body", "flags"),
    [
        pytest.param(b"A: b\r\n c\r\n\r\nbody", (("A", b"b c"),), b"body", (), id="folded"),
        pytest.param(b"A: b\n\nbody", (("A", b"b"),), b"body", (), id="bare-newlines"),
        pytest.param(b"\r\nbody", (), b"body", (), id="empty-head"),
        pytest.param(b"body without a head", (), b"body without a head", ("no_head",), id="no-head"),
        pytest.param(b"A: b\r\nbody here\r\n", (("A", b"b"),), b"body here\r\n", ("head_not_closed",), id="not-closed"),
        pytest.param(b"From x@y Mon\nA: b\n\nz", (("A", b"b"),), b"z", (), id="mbox-line"),
        pytest.param(b"A: b", (("A", b"b"),), b"", (), id="head-alone"),
        pytest.param(b" folded: first\r\n", (), b" folded: first\r\n", ("no_head",), id="begins-folded"),
    ],
)
def test_heads(raw: bytes, fields: object, body: bytes, flags: tuple[str, ...]) -> None:
    head = read_head(raw, 0, len(raw), DEFAULT)
    assert (head.fields, raw[head.body :], head.flags) == (fields, body, flags)


def test_too_many_fields_are_passed_over() -> None:
    raw = b"".join(b"X-%d: y\r\n" % number for number in range(100)) + b"\r\nbody"
    head = read_head(raw, 0, len(raw), MimeBudget(headers=10))
    assert (len(head.fields), raw[head.body :], head.flags) == (10, b"body", ("too_many_headers",))


@given(st.binary(max_size=400))
def test_any_octets_are_a_head(raw: bytes) -> None:
    head = read_head(raw, 0, len(raw), DEFAULT)
    assert 0 <= head.body <= len(raw)
    for _, value in head.fields:
        read_parameters(value)
