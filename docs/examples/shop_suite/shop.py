"""A small shop as many are: web application, mail, cards, uploads, a partner's webhook. It knows nothing of Soundstage.

Its clients are made once, when the module is imported.
"""

import os
import secrets
import smtplib
from email.message import EmailMessage

import boto3
import httpx
import stripe
from fastapi import FastAPI, HTTPException
from prices import total
from pydantic import BaseModel

app = FastAPI()
cards = stripe.StripeClient(os.environ["STRIPE_KEY"], max_network_retries=0)
files = boto3.client(
    "s3", region_name="eu-central-1", aws_access_key_id="AKIDSHOP", aws_secret_access_key="shop-secret"
)
partner = httpx.Client(base_url="https://hooks.partner.example")
waiting: dict[str, str] = {}
"""Who has not confirmed yet, by the token of their link."""
codes: dict[str, str] = {}
"""One-time codes by address."""


class Person(BaseModel):
    """Who signs up or signs in."""

    email: str
    code: str = ""


class Order(BaseModel):
    """What somebody buys; prices in cents."""

    email: str
    prices: list[int]


@app.post("/signup", status_code=202)
def sign_up(person: Person) -> None:
    token = secrets.token_urlsafe(12)
    waiting[token] = person.email
    mail(person.email, "Welcome to the shop", f"Please confirm: https://shop.example/confirm/{token}\n")


@app.get("/confirm/{token}")
def confirm(token: str) -> dict[str, str]:
    if token not in waiting:
        raise HTTPException(404, "nobody waits for this link")
    return {"confirmed": waiting.pop(token)}


@app.post("/code", status_code=202)
def send_code(person: Person) -> None:
    codes[person.email] = f"{secrets.randbelow(900_000) + 100_000}"
    mail(person.email, "Your code", f"Your code is {codes[person.email]}\n")


@app.post("/login")
def sign_in(person: Person) -> dict[str, bool]:
    return {"welcome": codes.pop(person.email, None) == person.code}


@app.post("/orders", status_code=201)
def order(order: Order) -> dict[str, str]:
    number = secrets.token_hex(4)
    charge = cards.v1.payment_intents.create({"amount": total(order.prices), "currency": "eur"})
    files.put_object(Bucket="shop-invoices", Key=f"{number}.txt", Body=f"{order.email} {order.prices}".encode())
    partner.post("/v1/orders", json={"order": number, "status": "paid"}).raise_for_status()
    mail(order.email, f"Order {number}", "Thank you.\n", attachment=b"INVOICE")
    return {"order": number, "payment": charge.id}


def mail(to: str, subject: str, text: str, attachment: bytes | None = None) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Shop <shop@shop.example>", to, subject
    message.set_content(text)
    if attachment is not None:
        message.add_attachment(attachment, maintype="application", subtype="pdf", filename="invoice.pdf")
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
        if "SMTP_USERNAME" in os.environ:
            smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
        smtp.send_message(message)
