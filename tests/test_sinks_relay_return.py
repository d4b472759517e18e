"""To whom a relay may write of itself: bounces and receipts go to those alone whom the policy opts in."""

import pytest

from policies.body import Body
from policies.mail import Mail
from sinks.passage import nobody
from sinks.relay_return import asks_for_answers, sender_for

HELLO = Body.of(b"hello")


def reach(address: str) -> bool:
    return address.endswith("@qa.test")


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        pytest.param("bounces@qa.test", "bounces@qa.test", id="opted-in-itself"),
        pytest.param("shop@customer.com", "", id="anybody"),
        pytest.param("", "", id="null-already"),
    ],
)
def test_the_sender_a_relay_is_told(sender: str, told: str) -> None:
    assert sender_for(Mail(sender, ("b@qa.test",), HELLO, "127.0.0.1", "smtp", 25), reach) == told


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"Subject: Errors-To: a@b.com", id="a-field-of-another-name"),
        pytest.param(b"Errors-To: a@qa.test", id="opted-in"),
        pytest.param(b"Disposition-Notification-To: QA <a@qa.test>, \"Q A\" <b@qa.test>", id="two-with-names"),
        pytest.param(b"Return-Receipt-To:\r\n a@qa.test", id="folded"),
        pytest.param(b"Return-Path: <>", id="nobody"),
        pytest.param(b"Reply-To: a@customer.com", id="people-answer-there"),
    ],
)  # fmt: skip
def test_fields_that_bring_mail_to_nobody_else(head: bytes) -> None:
    assert asks_for_answers(b"From: x@customer.com\r\n" + head, reach) is None


@pytest.mark.parametrize(
    ("head", "field"),
    [
        pytest.param(b"Return-Receipt-To: a@customer.com", "Return-Receipt-To", id="sendmail"),
        pytest.param(b"errors-to : a@customer.com", "errors-to", id="small-letters-and-space"),
        pytest.param(b"Errors-To\r\n : a@customer.com", "Errors-To", id="folded-before-its-colon"),
        pytest.param(b"Read-Receipt-To: a@qa.test, b@customer.com", "Read-Receipt-To", id="one-of-two"),
        pytest.param(b"Read-Receipt-To: a@qa.test\r\n ,b@b.com", "Read-Receipt-To", id="folded"),
        pytest.param(b"Errors-To: \"a@qa.test\" <b@customer.com>", "Errors-To", id="an-address-as-a-name"),
        pytest.param(b"Errors-To: <b@customer.com> a@qa.test", "Errors-To", id="route"),
        pytest.param(b"Errors-To: (a@qa.test", "Errors-To", id="comment"),
        pytest.param(b"Errors-To: postmaster", "Errors-To", id="a-local-name"),
        pytest.param(b"Return-Path: <@b.com:a@qa.test>", "Return-Path", id="source-route"),
        pytest.param(b"Errors-To: =?utf-8?q?a=40b.com?= <a@qa.test>", None, id="an-encoded-name-is-a-name"),
        pytest.param(b"Errors-To: a@qa.test\r\nErrors-To: a@b.com", "Errors-To", id="the-second"),
    ],
)  # fmt: skip
def test_fields_that_bring_mail_to_somebody_else(head: bytes, field: str | None) -> None:
    assert asks_for_answers(b"From: x@customer.com\r\n" + head, reach) == field
    assert asks_for_answers(head, nobody) is not None
