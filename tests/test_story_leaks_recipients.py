"""An opt-in limited to recipients lets out what reaches nobody else: judged by what a stand-in received.

Whatever a server might take for one more recipient keeps a request in: a field in other letters, one that nobody
documents, one in the query, in the header of a mail, and where bounces go.
"""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from leak_house import LeakHouse, leak_house
from leak_sending import Sending, entry, sent

FORM = "application/x-www-form-urlencoded"
QA, CUSTOMER = "b@qa.example.com", "c@customer.com"
NUMBER, STRANGER = "+15005550006", "+4915112345678"
SENDGRID, SES, TWILIO, FCM = "api.sendgrid.com", "email.eu-west-1.amazonaws.com", "api.twilio.com", "fcm.googleapis.com"


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        reached = f'recipients: ["*@qa.example.com", "{NUMBER}", "device-*"]'
        house.policy("".join(entry(house, host, reached) for host in (SENDGRID, SES, TWILIO, FCM)))
        yield house


def of_json(host: str, path: str, body: Any) -> Sending:
    return Sending(host, path, json.dumps(body).encode())


def sendgrid(to: Any = None, **more: Any) -> Sending:
    one = {"to": [{"email": QA}]} if to is None else to
    content = [{"type": "text/plain", "value": "hi"}]
    mail = {"personalizations": [one], "from": {"email": "s@shop.test"}, "subject": "x", "content": content, **more}
    return of_json(SENDGRID, "/v3/mail/send", mail)


def ses(**more: Any) -> Sending:
    mail: dict[str, Any] = {
        "FromEmailAddress": QA,
        "Destination": {"ToAddresses": [QA]},
        "Content": {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "hi"}}}},
    }
    return of_json(SES, "/v2/email/outbound-emails", mail | more)


def raw(head: str, **more: Any) -> Sending:
    return ses(Content={"Raw": {"Data": b64(f"{head}\r\n\r\nhi")}}, **more)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def query(**more: str) -> Sending:
    """SES's first version."""
    mail = {"Action": "SendEmail", "Source": QA, "Destination.ToAddresses.member.1": QA, "Message.Subject.Data": "x"}
    return Sending(SES, "/", urlencode(mail | more).encode(), FORM)


def query_raw(head: str, **more: str) -> Sending:
    mail = {"Action": "SendRawEmail", "Destinations.member.1": QA, "RawMessage.Data": b64(f"{head}\n\nhi")}
    return Sending(SES, "/", urlencode(mail | more).encode(), FORM)


def twilio(body: str, path: str = "Messages.json", content_type: str = FORM) -> Sending:
    return Sending(TWILIO, f"/2010-04-01/Accounts/AC1/{path}", body.encode(), content_type)


def call(said: str) -> Sending:
    return twilio(urlencode({"To": NUMBER, "From": NUMBER, "Twiml": said}), "Calls.json")


def push(**more: Any) -> Sending:
    return of_json(FCM, "/v1/projects/p/messages:send", {"message": {"token": "device-1", **more}})


TEXT = urlencode({"To": NUMBER, "From": NUMBER, "Body": "hi"})
TO_QA = f"From: {QA}\r\nTo: Q A <{QA}>\r\nSubject: x"
OPTED_IN = {
    "sendgrid": sendgrid(headers={"X-Order": "7"}, categories=["a"], custom_args={"to": "anything"}),
    "ses": ses(),
    "ses-bounces": ses(FromEmailAddress="s@shop.test", FeedbackForwardingEmailAddress=QA),
    "ses-raw": raw(TO_QA),
    "ses-query": query(),
    "ses-query-bounces": query(Source="s@shop.test", ReturnPath=QA),
    "ses-query-raw": query_raw(TO_QA),
    "twilio": twilio(TEXT),
    "twilio-call": call("<Response><Say>hi</Say><Hangup/></Response>"),
    "fcm": push(notification={"title": "x"}, data={"to": "anything"}),
    "fcm-alt": Sending(FCM, "/v1/projects/p/messages:send?alt=json", push().body),
}
NOT_OPTED_IN = {
    "sendgrid-bcc-in-capitals": sendgrid({"to": [{"email": QA}], "BCC": [{"email": CUSTOMER}]}),
    "sendgrid-to-in-capitals": sendgrid({"to": [{"email": QA}], "To": [{"email": CUSTOMER}]}),
    "sendgrid-email-in-capitals": sendgrid({"to": [{"email": QA, "Email": CUSTOMER}]}),
    "sendgrid-personalizations-in-capitals": sendgrid(Personalizations=[{"to": [{"email": CUSTOMER}]}]),
    "sendgrid-top-level-bcc": sendgrid(bcc=[{"email": CUSTOMER}]),
    "sendgrid-an-escape-in-a-name": Sending(
        SENDGRID,
        "/v3/mail/send",
        sendgrid().body.replace(b'"from"', b'"\\u0062cc": [{"email": "c@customer.com"}], "from"'),
    ),
    "sendgrid-name-twice": Sending(
        SENDGRID,
        "/v3/mail/send",
        b'{"personalizations": [{"to": [{"email": "c@customer.com"}]}], ' + sendgrid().body[1:],
    ),
    "sendgrid-blind-copy-by-a-setting": sendgrid(mail_settings={"bcc": {"enable": True, "email": CUSTOMER}}),
    "sendgrid-blind-copy-by-another-setting": sendgrid(mail_settings={"Bcc": {"enable": True, "email": CUSTOMER}}),
    "sendgrid-in-the-query": Sending(SENDGRID, f"/v3/mail/send?bcc={CUSTOMER}", sendgrid().body),
    "sendgrid-a-receipt": sendgrid(headers={"disposition-notification-to": CUSTOMER}),
    "sendgrid-a-receipt-of-one": sendgrid({"to": [{"email": QA}], "headers": {"Return-Receipt-To": f"<{CUSTOMER}>"}}),
    "sendgrid-recipients-in-a-header": sendgrid(headers={"X-SMTPAPI": '{"to": ["c@customer.com"]}'}),
    "sendgrid-a-line-break-in-a-header": sendgrid(headers={"X-Order": f"7\r\nBcc: {CUSTOMER}"}),
    "ses-small-letters": ses(destination={"toAddresses": [CUSTOMER]}),
    "ses-bcc-small": ses(Destination={"ToAddresses": [QA], "bccAddresses": [CUSTOMER]}),
    "ses-bcc": ses(Destination={"ToAddresses": [QA], "BccAddresses": [CUSTOMER]}),
    "ses-sender": ses(FromEmailAddress=f"Shop <{CUSTOMER}>"),
    "ses-feedback": ses(FeedbackForwardingEmailAddress=CUSTOMER),
    "ses-receipt": ses(
        Content={"Simple": {"Subject": {"Data": "x"}, "Headers": [{"Name": "Errors-To", "Value": CUSTOMER}]}}
    ),
    "ses-raw-bcc": raw(f"{TO_QA}\r\nbcc: {CUSTOMER}"),
    "ses-raw-cc-folded": raw(f"{TO_QA}\r\nCc:\r\n {CUSTOMER}"),
    "ses-raw-cc-after-a-bare-line": raw(f"{TO_QA}\n\nCc: {CUSTOMER}"),
    "ses-raw-resent": raw(f"Resent-To: {CUSTOMER}\r\n{TO_QA}"),
    "ses-raw-return-path": raw(f"Return-Path: <{CUSTOMER}>\r\n{TO_QA}"),
    "ses-raw-odd-base64": ses(Content={"Raw": {"Data": b64(TO_QA + "\r\n  ") + "!" + b64(f"Bcc: {CUSTOMER}\r\n\r\n")}}),
    "ses-query-small-letters": query(**{"destination.bccAddresses.member.1": CUSTOMER}),
    "ses-query-return-path": query(ReturnPath=CUSTOMER),
    "ses-query-source": query(Source=CUSTOMER),
    "ses-query-twice": Sending(SES, "/?Destination.ToAddresses.member.1=c%40customer.com", query().body, FORM),
    "ses-query-raw-bcc": query_raw(f"{TO_QA}\nBcc: {CUSTOMER}"),
    "ses-query-raw-from": query_raw(f"From: {CUSTOMER}\nTo: {QA}"),
    "twilio-small-letters": twilio(f"{TEXT}&to=%2B4915112345678"),
    "twilio-capitals": twilio(f"{TEXT}&TO=%2B4915112345678"),
    "twilio-in-brackets": twilio(f"{TEXT}&to[0]=%2B4915112345678"),
    "twilio-a-list": twilio(f"{TEXT}&To[]=%2B4915112345678"),
    "twilio-twice": twilio(f"{TEXT}&To=%2B4915112345678"),
    "twilio-an-undocumented-field": twilio(f"{TEXT}&Recipients=%2B4915112345678"),
    "twilio-another-charset-by-a-field": twilio(f"{TEXT}&_charset_=utf-7"),
    "twilio-in-the-query": Sending(TWILIO, "/2010-04-01/Accounts/AC1/Messages.json?To=%2B49151", TEXT.encode(), FORM),
    "twilio-query-and-a-body-nobody-reads": Sending(
        TWILIO, f"/2010-04-01/Accounts/AC1/Messages.json?{TEXT}", b"To=%2B4915112345678", "application/octet-stream"
    ),
    "twilio-call-that-dials-on": call(f"<Response><Dial>{STRANGER}</Dial></Response>"),
    "twilio-call-told-elsewhere": twilio(
        urlencode({"To": NUMBER, "From": NUMBER, "Url": "https://x.example"}), "Calls.json"
    ),
    "fcm-topic-in-capitals": push(Topic="all"),
    "fcm-token-twice-over": push(Token="stranger"),
    "fcm-activity": push(apns={"live_activity_token": "stranger"}),
    "fcm-in-the-query": Sending(FCM, "/v1/projects/p/messages:send?message.token=stranger", push().body),
}


@pytest.mark.parametrize("sending", [pytest.param(one, id=name) for name, one in OPTED_IN.items()])
async def test_what_reaches_only_who_is_opted_in_arrives(house: LeakHouse, sending: Sending) -> None:
    came = await sent(house, sending)
    assert came.arrived.endswith(sending.body)
    assert came.capture.left


@pytest.mark.parametrize("sending", [pytest.param(one, id=name) for name, one in NOT_OPTED_IN.items()])
async def test_what_might_reach_anybody_else_does_not(house: LeakHouse, sending: Sending) -> None:
    came = await sent(house, sending)
    assert came.arrived == b""
    assert not came.capture.left


async def test_a_refusal_for_a_bounce_says_to_whom(house: LeakHouse) -> None:
    came = await sent(house, query(ReturnPath=CUSTOMER))
    assert b" 403 " in came.told
    assert b"bounces or receipts of it would go to 'c@customer.com', whom its opt-in does not name" in came.told
