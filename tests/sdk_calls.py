"""One call with one provider's own SDK, as an application makes it; run as a process of its own by the SDK tests.

Prints one JSON object: `{"ok": what the SDK returned}`, or `{"error": its exception's type, "message": its text}`.
"""

import json
import os
import sys
from collections.abc import Callable


def stripe() -> str:
    import stripe as sdk

    client = sdk.StripeClient("sk_test_51Soundstage", max_network_retries=0)
    made = client.v1.payment_intents.create(
        {"amount": 4200, "currency": "eur", "confirm": True, "payment_method": "pm"}
    )
    read = client.v1.payment_intents.retrieve(made.id)
    assert (read.id, read.amount, read.status) == (made.id, 4200, "succeeded")
    return made.id


def twilio() -> str:
    from twilio.rest import Client

    message = Client("AC" + "0" * 32, "1" * 32).messages.create(to="+15550100", from_="+15005550006", body="hello")
    assert message.status in ("queued", "accepted")
    return str(message.sid)


def sendgrid() -> str:
    from sendgrid import SendGridAPIClient
    from sendgrid.helpers.mail import Mail

    mail = Mail("a@shop.test", "ann@example.test", "Hello", html_content="<b>hello</b>")
    response = SendGridAPIClient("SG." + "a" * 22 + "." + "b" * 43).send(mail)
    assert response.status_code == 202
    return str(response.headers["x-message-id"])


def slack_web() -> str:
    from slack_sdk import WebClient

    return str(WebClient(token="xoxb-1-2-staging").chat_postMessage(channel="#general", text="hello")["ts"])


def slack_webhook() -> str:
    from slack_sdk.webhook import WebhookClient

    answer = WebhookClient("https://hooks.slack.com/services/T0/B0/" + "s" * 24).send(text="hello")
    if answer.status_code != 200:
        # The SDK raises nothing here: what an application sees is the status and the body.
        raise RuntimeError(answer.body)
    return str(answer.body)


def s3() -> str:
    import boto3

    client = boto3.client("s3", region_name="eu-central-1")
    tag = client.put_object(Bucket="invoices", Key="2026/A1.txt", Body=b"INVOICE A1")["ETag"]
    assert client.get_object(Bucket="invoices", Key="2026/A1.txt")["Body"].read() == b"INVOICE A1"
    assert [found["Key"] for found in client.list_objects_v2(Bucket="invoices")["Contents"]] == ["2026/A1.txt"]
    return str(tag)


def ses() -> str:
    import boto3

    sent = boto3.client("sesv2", region_name="eu-central-1").send_email(
        FromEmailAddress="a@shop.test",
        Destination={"ToAddresses": ["ann@example.test"]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "hello"}}}},
    )
    return str(sent["MessageId"])


def firebase_admin() -> str:
    import firebase_admin as sdk
    from firebase_admin import credentials, messaging

    sdk.initialize_app(credentials.Certificate(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]))
    note = messaging.Notification(title="Hello", body="hello")
    return str(messaging.send(messaging.Message(token="device", notification=note)))


def httpx_webhook() -> str:
    import httpx

    answer = httpx.post("https://hooks.partner.example/v1/orders", json={"status": "shipped"})
    return answer.raise_for_status().text


CALLS: dict[str, Callable[[], str]] = {
    call.__name__: call
    for call in (stripe, twilio, sendgrid, slack_web, slack_webhook, s3, ses, firebase_admin, httpx_webhook)
}


def main() -> None:
    try:
        told = {"ok": CALLS[sys.argv[1]]()}
    except Exception as error:
        told = {
            "error": type(error).__name__,
            "module": type(error).__module__,
            "message": f"{error} {getattr(error, 'body', '')}",
        }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
