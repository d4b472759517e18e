"""Notifying the shop's mobile app, with Firebase's SDK."""

import os

import firebase_admin
from firebase_admin import credentials, messaging

from demo.shop.customer import Order


def notify(order: Order) -> str:
    """Push "thank you" to the customer's device; the message's name."""
    message = messaging.Message(
        token=order.customer.device,
        notification=messaging.Notification(title="Thank you", body=f"Your {order.item} is being packed."),
    )
    return str(messaging.send(message, app=_app()))


def _app() -> firebase_admin.App:
    try:
        return firebase_admin.get_app()
    except ValueError:
        return firebase_admin.initialize_app(
            credentials.Certificate(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]), {"httpTimeout": 20}
        )
