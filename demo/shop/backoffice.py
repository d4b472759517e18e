"""Telling the shop's own people, in Slack: by the web API and by an incoming webhook."""

import os

from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from demo.shop.customer import Order


def announce(order: Order) -> str:
    """Post the order to the sales channel; the message's timestamp, which is its id."""
    posted = WebClient(token=os.environ["SLACK_BOT_TOKEN"]).chat_postMessage(
        channel="#sales", text=f"{order.customer.name} bought a {order.item} for {order.total}"
    )
    return str(posted["ts"])


def close_the_books(orders: int, total: str) -> None:
    """Post the day's total to the owners' webhook."""
    answer = WebhookClient(os.environ["SLACK_WEBHOOK_URL"]).send(text=f"{orders} orders today, {total}")
    if answer.status_code != 200:
        raise RuntimeError(f"Slack's webhook answered {answer.status_code}: {answer.body}")
