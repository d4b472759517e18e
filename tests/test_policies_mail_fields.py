"""Header fields of mails handed to an API: whom they reach beyond the envelope, and who is asked to be written to."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.mail_fields import fields_ask, mail_asks, mail_beyond

ENVELOPE = ["A <a@x.example>", "b@x.example"]


def raw(mail: str | bytes) -> str:
    return base64.b64encode(mail.encode() if isinstance(mail, str) else mail).decode()


@pytest.mark.parametrize(
    ("mail", "beyond"),
    [
        pytest.param("To: a@x.example\r\n\r\nhi", False, id="one-of-the-envelope"),
        pytest.param("To: A@X.example, B <b@x.example>\r\n\r\nhi", False, id="both-in-other-letters"),
        pytest.param("Subject: x\n\nCc: c@y.example", False, id="in-the-text"),
        pytest.param("Subject: To: c@y.example\n\n", False, id="in-another-field"),
        pytest.param("X-To: c@y.example\n\n", False, id="a-field-that-ends-alike"),
        pytest.param("To: c@y.example\r\n\r\n", True, id="to"),
        pytest.param("cC: c@y.example\r\n\r\n", True, id="cc"),
        pytest.param("Subject: x\r\nBCC : c@y.example\r\n\r\n", True, id="bcc-before-a-space"),
        pytest.param("Subject: x\rBcc: c@y.example\r\n\r\n", True, id="after-a-bare-return"),
        pytest.param("Subject: x\n\nBcc: c@y.example\r\n\r\n", True, id="after-a-bare-empty-line"),
        pytest.param("\r\n\r\nBcc: c@y.example\r\n\r\n", True, id="after-empty-lines"),
        pytest.param("B\0cc: c@y.example\r\n\r\n", True, id="nul"),
        pytest.param("To: a@x.example,\r\n c@y.example\r\n\r\n", True, id="folded"),
        pytest.param("To: a@x.example (c@y.example)\r\n\r\n", True, id="a-comment"),
        pytest.param("To: undisclosed-recipients:;\r\n\r\n", True, id="a-group"),
        pytest.param("Resent-Bcc: c@y.example\r\n\r\n", True, id="resent"),
        pytest.param('X-SMTPAPI: {"to": ["c@y.example"]}\r\n\r\n', True, id="a-provider's-own"),
    ],
)
def test_whom_a_mail_reaches_by_its_header(mail: str, beyond: bool) -> None:
    assert mail_beyond(raw(mail), ENVELOPE) is beyond


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(None, id="none"),
        pytest.param(7, id="no-text"),
        pytest.param("QQ==QUJD", id="goes-on-after-its-end"),
        pytest.param("QU*JD", id="another-character"),
        pytest.param("Q", id="too-short"),
    ],
)
def test_base64_that_is_read_in_two_ways_may_hold_anything(sent: Any) -> None:
    assert mail_beyond(sent, ENVELOPE)
    assert mail_asks(sent) == [""]


def test_an_envelope_that_cannot_be_read_covers_nobody() -> None:
    assert mail_beyond(raw("To: a@x.example\n\n"), None)
    assert mail_beyond(raw("To: a@x.example\n\n"), ["a@x.example, c@y.example", 7])


@pytest.mark.parametrize(
    ("head", "asked"),
    [
        pytest.param("From: a@x.example", [], id="none"),
        pytest.param("Errors-To: a@x.example", ["a@x.example"], id="errors"),
        pytest.param("return-path: <>", [], id="to-nobody"),
        pytest.param("Disposition-Notification-To: A <a@x.example>, b@x", ["a@x.example", "b@x"], id="two"),
        pytest.param("Return-Receipt-To: a@x.example (b)", [""], id="in-doubt"),
    ],
)
def test_who_is_asked_to_be_written_to(head: str, asked: list[str]) -> None:
    assert mail_asks(raw(f"{head}\r\n\r\nErrors-To: no@y.example")) == asked


def test_the_sender_is_asked_where_nothing_else_says_where_a_bounce_goes() -> None:
    mail = raw("From: S <s@x.example>\nSender: t@x.example\n\n")
    assert mail_asks(mail, sender=True) == ["s@x.example", "t@x.example"]
    assert mail_asks(mail) == []


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        pytest.param(None, [], id="none"),
        pytest.param({"X-Order": "7", "errors-TO": "a@x.example"}, ["a@x.example"], id="an-object"),
        pytest.param([{"Name": "Return-Path", "Value": "<a@x.example>"}], ["a@x.example"], id="a-list"),
        pytest.param([{"X-A": "1"}, {"Bcc": "c@y.example"}], ["c@y.example"], id="several-objects"),
        pytest.param(
            {"Name": "b", "Errors-To": "<>"},
            [
                "",
            ],
            id="a-field-called-name",
        ),
        pytest.param({"X-A": "1\r\nBcc: c@y.example"}, [""], id="a-line-break"),
        pytest.param({"X-A": 7}, [""], id="no-text"),
        pytest.param(["Bcc: c"], [""], id="no-object"),
    ],
)
def test_who_is_asked_by_fields_beside_a_mail(fields: Any, asked: list[str]) -> None:
    assert fields_ask(fields) == asked


@given(st.binary(max_size=200))
def test_nothing_raises(mail: bytes) -> None:
    assert mail_beyond(raw(mail), ENVELOPE) in (True, False)
    assert all(isinstance(address, str) for address in mail_asks(raw(mail), sender=True))
