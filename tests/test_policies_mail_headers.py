"""Reading subject, Message-ID and From out of any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.mail_headers import TEXT_LIMIT, MailHeaders, read_headers


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(
            b"From: Shop <shop@example.com>\r\nSubject: Your order\r\nMessage-ID: <1@example.com>\r\n\r\nSubject: body",
            MailHeaders("Your order", "<1@example.com>", "Shop <shop@example.com>"),
            id="plain",
        ),
        pytest.param(b"Subject: first\r\n second\r\n\tthird\r\n\r\n", MailHeaders("first second third"), id="folded"),
        pytest.param(b"SUBJECT:shouted\r\n\r\n", MailHeaders("shouted"), id="case"),
        pytest.param(b"Subject: one\r\nSubject: two\r\n\r\n", MailHeaders("one"), id="first-of-two-counts"),
        pytest.param(b"Subject: a\nFrom: b\n\nx", MailHeaders("a", "", "b"), id="bare-newlines"),
        pytest.param(
            b"X: y\r\n Subject: not me\r\nSubject: me\r\n\r\n", MailHeaders("me"), id="folded-line-is-no-field"
        ),
        pytest.param(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n", MailHeaders("Grüße"), id="encoded"),
        pytest.param("Subject: Grüße\r\n\r\n".encode(), MailHeaders("Grüße"), id="raw-utf-8"),
        pytest.param(b"Subject: caf\xe9\r\n\r\n", MailHeaders("café"), id="raw-latin-1"),
        pytest.param(b"\r\nSubject: too late\r\n", MailHeaders(), id="no-head"),
        pytest.param(b"", MailHeaders(), id="empty"),
        pytest.param(b"no colon at all\r\nSubject: x", MailHeaders("x"), id="line-without-colon-is-passed-over"),
        pytest.param(b"Subject: a\0b\r\n\r\n", MailHeaders("a\N{REPLACEMENT CHARACTER}b"), id="nul"),
        pytest.param(b"Subject: =?utf-8?q?a=0D=0ABcc:_x?=\r\n\r\n", MailHeaders("a Bcc: x"), id="encoded-line-break"),
    ],
)
def test_fields_are_read(head: bytes, expected: MailHeaders) -> None:
    assert read_headers(head) == expected


def test_a_long_subject_is_cut() -> None:
    assert len(read_headers(b"Subject: " + b"x" * 60_000).subject) == TEXT_LIMIT


@given(st.binary(max_size=2000))
def test_any_bytes_are_read(head: bytes) -> None:
    read = read_headers(b"Subject: " + head + b"\r\nFrom:" + head)
    assert "\n" not in read.subject + read.from_ + read.message_id


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp", "Cs"]), max_size=200))
def test_any_text_comes_back(text: str) -> None:
    assert read_headers(b"Subject: " + text.replace("=?", "").encode() + b"\r\n\r\n").subject == text.replace("=?", "")
