"""Charging cards, with Stripe's SDK."""

import os

import stripe

from demo.shop.customer import Order


def charge(order: Order) -> str:
    """Charge an order's amount; the payment's id. The order's number is the idempotency key: nobody pays twice."""
    client = stripe.StripeClient(os.environ["STRIPE_API_KEY"])
    customer = client.v1.customers.create({"name": order.customer.name, "email": order.customer.email})
    intent = client.v1.payment_intents.create(
        {
            "amount": order.amount,
            "currency": order.currency,
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "receipt_email": order.customer.email,
            "metadata": {"order": order.number},
        },
        {"idempotency_key": f"order-{order.number}"},
    )
    if intent.status != "succeeded":
        raise RuntimeError(f"payment {intent.id} of order {order.number} is {intent.status}")
    return intent.id
