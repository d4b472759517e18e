"""Texting customers, with Twilio's SDK."""

import os

from twilio.rest import Client

from demo.shop.customer import Order


def text_shipping(order: Order) -> str:
    """Tell the customer that it is on its way; the message's sid."""
    client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
    message = client.messages.create(
        to=order.customer.phone, from_="+15005550006", body=f"Your {order.item} ({order.number}) is on its way."
    )
    return str(message.sid)
