"""The shop's day: who signs up, who buys, told to the shop's own web application."""

from collections.abc import Callable

import httpx

CUSTOMERS = (
    {"name": "Ann Ahlberg", "email": "ann@example.test", "phone": "+46700000001", "device": "device-ann"},
    {"name": "Bo Öst", "email": "bo@example.test", "phone": "+46700000002", "device": "device-bo"},
    {"name": "Chidi Eze", "email": "chidi@example.test", "phone": "+46700000003", "device": "device-chidi"},
)
PURCHASES = (
    ("ann@example.test", "desk lamp", 4200),
    ("bo@example.test", "floor lamp", 12900),
    ("ann@example.test", "light bulb", 590),
    ("chidi@example.test", "chandelier", 99000),
)
EXPECTED = {"email": 6, "payment": 8, "storage": 8, "webhook": 4, "sms": 4, "push": 4, "chat": 5}
"""Effects of one day by channel. A customer: welcome mail and newsletter. An order: two Stripe calls, an upload."""


def play(shop: str, tell: Callable[[str], None]) -> int:
    """Play one day against the shop at URL `shop`; the number of orders. httpx.HTTPStatusError where a step failed."""
    with httpx.Client(base_url=shop, trust_env=False, timeout=90) as client:
        for customer in CUSTOMERS:
            client.post("/customers", json=customer).raise_for_status()
            tell(f"{customer['name']} signed up: welcome mail, newsletter")
        for email, item, amount in PURCHASES:
            bought = client.post("/orders", json={"email": email, "item": item, "amount": amount})
            bought.raise_for_status()
            told = bought.json()
            tell(f"{email} bought a {item}: order {told['order']}, payment {told['payment']}")
        closed = client.post("/close").raise_for_status().json()
    return int(closed["orders"])
