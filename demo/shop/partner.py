"""The partner who ships: told by a webhook."""

import os

import httpx

from demo.shop.customer import Order


def ship(order: Order) -> None:
    """Ask the partner to ship. Raises httpx.HTTPStatusError where he does not accept."""
    httpx.post(
        os.environ["PARTNER_WEBHOOK_URL"],
        json={"order": order.number, "item": order.item, "status": "paid", "to": order.customer.name},
        headers={"x-partner-signature": "sha256=0c0ffee"},
        timeout=20,
    ).raise_for_status()
