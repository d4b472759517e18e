"""The providers' own Python SDKs take our answers for success, and our refusals for their ordinary errors."""

import json
import urllib.request
from collections.abc import Iterator

import boto3
import botocore.config
import botocore.exceptions
import pytest
import stripe
from provider_server import REASON, Provider, serving
from python_http_client.exceptions import ForbiddenError  # type: ignore[import-untyped]  # it ships no types
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Bcc, Mail
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client as TwilioClient

from ledger.reply import Reply
from sinks.passage import Passage


@pytest.fixture
def stripe_api() -> Iterator[tuple[Provider, stripe.StripeClient]]:
    with serving("api.stripe.com") as provider:
        client = stripe.StripeClient(
            "sk_test_1", base_addresses={"api": provider.url}, http_client=stripe.RequestsClient()
        )
        yield provider, client


def test_stripe_charges_a_card(stripe_api: tuple[Provider, stripe.StripeClient]) -> None:
    provider, client = stripe_api
    customer = client.v1.customers.create({"email": "a@example.com", "metadata": {"plan": "pro"}})
    intent = client.v1.payment_intents.create(
        {
            "amount": 4200,
            "currency": "eur",
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "expand": ["latest_charge"],
        }
    )
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 4200, customer.id)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert client.v1.payment_intents.retrieve(intent.id).amount == 4200
    assert client.v1.charges.retrieve(intent.latest_charge.id).payment_intent == intent.id
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.amount, refund.currency) == (4200, "eur")
    updated = client.v1.customers.update(customer.id, {"name": "Ada", "metadata": {"plan": ""}})
    assert (updated.name, updated.to_dict()["metadata"]) == ("Ada", {})
    assert [one.id for one in client.v1.customers.list({"email": "a@example.com"})] == [customer.id]
    assert client.v1.customers.delete(customer.id).deleted
    charge = next(effect for effect in provider.effects if effect.operation == "payment_intent.create")
    assert charge.facts["amount"] == 4200
    assert charge.credential == "test"


def test_stripe_sells_a_subscription(stripe_api: tuple[Provider, stripe.StripeClient]) -> None:
    _, client = stripe_api
    product = client.v1.products.create({"name": "Pro"})
    price = client.v1.prices.create(
        {"product": product.id, "unit_amount": 900, "currency": "usd", "recurring": {"interval": "month"}}
    )
    assert (price.unit_amount, price.type) == (900, "recurring")
    sold = client.v1.subscriptions.create({"customer": "cus_1", "items": [{"price": price.id}]})
    assert (sold.status, sold["items"].data[0].price.id) == ("active", price.id)
    assert client.v1.subscriptions.cancel(sold.id).status == "canceled"
    invoice = client.v1.invoices.create({"customer": "cus_1"})
    assert client.v1.invoices.finalize_invoice(invoice.id or "").status == "open"
    assert client.v1.invoices.pay(invoice.id or "").status == "paid"
    session = client.v1.checkout.sessions.create({"mode": "payment", "success_url": "https://shop.example/ok"})
    assert session.url


def test_stripe_repeats_an_answer(stripe_api: tuple[Provider, stripe.StripeClient]) -> None:
    provider, client = stripe_api
    first = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k"})
    again = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k"})
    assert again.id == first.id
    assert ("idempotent-replayed", "true") in provider.replies[-1].headers
    assert provider.replies[-1].attempt_of == "0192f000-0000-7000-8000-000000000000"
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.customers.create({"email": "b@example.com"}, {"idempotency_key": "k"})


def test_stripe_refuses(stripe_api: tuple[Provider, stripe.StripeClient]) -> None:
    provider, client = stripe_api
    provider.deny = True
    with pytest.raises(stripe.PermissionError, match=REASON):
        client.v1.customers.create({"email": "a@example.com"})
    assert len(provider.effects) == 1, "a refusal must not be repeated"


def test_twilio_texts_and_verifies() -> None:
    with serving("api.twilio.com") as api, serving("verify.twilio.com") as verify:
        client = TwilioClient("AC" + "0" * 32, "token")
        client.api.base_url, client.verify.base_url = api.url, verify.url
        sent = client.messages.create(to="+15550100", from_="+15550199", body="your code is 4711")
        assert (sent.status, sent.body) == ("queued", "your code is 4711")
        assert client.messages(str(sent.sid)).fetch().status == "delivered"
        assert [one.sid for one in client.messages.list(to="+15550100")] == [sent.sid]
        assert client.calls.create(to="+15550100", from_="+15550199", twiml="<Response/>").sid
        service = client.verify.v2.services("VA" + "0" * 32)
        assert service.verifications.create(to="+15550100", channel="sms").status == "pending"
        assert service.verification_checks.create(to="+15550100", code="123456").status == "pending"
        assert service.verification_checks.create(to="+15550100", code="000000").status == "approved"
        api.deny = True
        with pytest.raises(TwilioRestException, match=REASON) as raised:
            client.messages.create(to="+15550100", from_="+15550199", body="x")
        assert (raised.value.status, raised.value.code) == (403, 20003)
    assert api.effects[0].recipients == ("+15550100",)


def test_sendgrid_mails() -> None:
    with serving("api.sendgrid.com") as provider:
        client = SendGridAPIClient("SG.a.b", host=provider.url)
        mail = Mail("shop@example.com", "a@example.com", "Your order", "Thank you")
        mail.add_bcc(Bcc("audit@example.com"))
        sent = client.send(mail)
        assert sent.status_code == 202
        assert sent.headers["X-Message-Id"]
        provider.deny = True
        with pytest.raises(ForbiddenError) as raised:
            client.send(mail)
        assert raised.value.to_dict["errors"][0]["message"] == REASON
    assert provider.effects[0].recipients == ("a@example.com", "audit@example.com")
    assert provider.effects[0].facts["subject"] == "Your order"


def test_slack_posts() -> None:
    with serving("slack.com") as provider:
        client = WebClient("xoxb-1", base_url=f"{provider.url}/api/")
        posted = client.chat_postMessage(channel="#ops", text="deployed")
        assert posted["message"]["text"] == "deployed"
        assert client.auth_test()["ok"]
        assert client.conversations_list()["channels"] == []
        assert client.files_getUploadURLExternal(filename="a.txt", length=3)["file_id"].startswith("F")
        provider.deny = True
        with pytest.raises(SlackApiError, match="restricted_action") as raised:
            client.chat_postMessage(channel="#ops", text="deployed")
        assert raised.value.response["warning"] == REASON
    assert [effect.intent for effect in provider.effects] == ["write", "read", "read", "write", "write"]
    assert provider.effects[0].facts["to"] == ["#ops"]


def test_slack_webhook() -> None:
    with serving("hooks.slack.com") as provider:
        hook = WebhookClient(f"{provider.url}/services/T1/B1/secret")
        assert hook.send(text="deployed").body == "ok"
        provider.deny = True
        refused = hook.send(text="deployed")
        assert refused.status_code == 403
        assert REASON in refused.body


def _aws(name: str, url: str) -> object:
    return boto3.client(
        name,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="x",
        config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def test_ses_v2_and_v1() -> None:
    with serving("email.eu-west-1.amazonaws.com") as provider:
        v2, v1 = _aws("sesv2", provider.url), _aws("ses", provider.url)
        simple = {"Subject": {"Data": "hi"}, "Body": {"Text": {"Data": "hello"}}}
        to = {"ToAddresses": ["A <a@example.com>"], "BccAddresses": ["b@example.com"]}
        sent = v2.send_email(FromEmailAddress="s@example.com", Destination=to, Content={"Simple": simple})  # type: ignore[attr-defined]  # boto3 makes its clients at run time
        assert sent["MessageId"].startswith("0100")
        sent = v1.send_email(Source="s@example.com", Destination=to, Message=simple)  # type: ignore[attr-defined]  # the same
        assert sent["MessageId"].startswith("0100")
        raw = {"Data": b"To: c@example.com\r\nSubject: raw\r\n\r\nx"}
        assert v1.send_raw_email(RawMessage=raw, Destinations=["c@example.com"])["MessageId"]  # type: ignore[attr-defined]  # the same
        provider.deny = True
        for refused in (v2.get_account, v1.get_send_quota):  # type: ignore[attr-defined]  # the same
            with pytest.raises(botocore.exceptions.ClientError, match=REASON) as raised:
                refused()
            assert raised.value.response["Error"]["Code"].startswith("AccessDenied")
    assert [effect.recipients for effect in provider.effects[:3]] == [
        ("a@example.com", "b@example.com"),
        ("a@example.com", "b@example.com"),
        ("c@example.com",),
    ]
    assert provider.effects[2].facts["subject"] == "raw"


class _Shelf:
    """An emulator that takes everything."""

    async def answer(self, passage: Passage) -> Reply:
        return Reply(fidelity="emulated", status=200, headers=(("etag", '"0"'),))


def test_s3_uploads() -> None:
    with serving("s3.eu-west-1.amazonaws.com", {"s3": _Shelf()}) as provider:
        client = _aws("s3", provider.url)
        assert client.put_object(Bucket="b", Key="a/b c.txt", Body=b"abc")["ETag"] == '"0"'  # type: ignore[attr-defined]  # made at run time
        provider.deny = True
        with pytest.raises(botocore.exceptions.ClientError, match=REASON) as raised:
            client.put_object(Bucket="b", Key="k", Body=b"abc")  # type: ignore[attr-defined]  # made at run time
        assert raised.value.response["Error"]["Code"] == "AccessDenied"
    effect = provider.effects[0]
    assert effect.operation == "PutObject"
    assert (effect.facts["bucket"], effect.facts["key"], effect.facts["size"]) == ("b", "a/b c.txt", 3)


def test_google_tokens_are_stubs_even_where_denied() -> None:
    with serving("oauth2.googleapis.com") as provider:
        provider.deny = True
        body = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c"
        request = urllib.request.Request(f"{provider.url}/token", data=body)
        with urllib.request.urlopen(request) as response:
            token = json.load(response)
    assert token["access_token"].startswith("ya29.soundstage-")
