"""The shop's web application: sign up, buy, close the day."""

import itertools
import secrets
from typing import Annotated

from fastapi import Body, FastAPI

from demo.shop.app_push import notify
from demo.shop.backoffice import announce, close_the_books
from demo.shop.customer import Customer, Order
from demo.shop.invoice import file_invoice
from demo.shop.newsletter import subscribe
from demo.shop.partner import ship
from demo.shop.payment import charge
from demo.shop.text import text_shipping
from demo.shop.welcome import send_welcome

app = FastAPI(title="The shop")
customers: dict[str, Customer] = {}
orders: list[Order] = []
numbers = itertools.count(1001)


@app.post("/customers")
def sign_up(customer: Customer) -> dict[str, str]:
    """A new account: a welcome mail and the newsletter."""
    customers[customer.email] = customer
    send_welcome(customer, token=secrets.token_urlsafe(12), code=f"{secrets.randbelow(900_000) + 100_000}")
    subscribe(customer)
    return {"email": customer.email}


@app.post("/orders")
def buy(email: Annotated[str, Body()], item: Annotated[str, Body()], amount: Annotated[int, Body()]) -> dict[str, str]:
    """One order, from the charge to the parcel."""
    order = Order(f"A{next(numbers)}", customers[email], item, amount)
    payment = charge(order)
    file_invoice(order)
    ship(order)
    text_shipping(order)
    notify(order)
    announce(order)
    orders.append(order)
    return {"order": order.number, "payment": payment}


@app.post("/close")
def close() -> dict[str, int]:
    """The end of the day."""
    close_the_books(len(orders), f"{sum(order.amount for order in orders) / 100:.2f} EUR")
    return {"orders": len(orders)}
