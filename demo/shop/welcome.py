"""The welcome mail: text, HTML and the terms as an attachment, over plain SMTP as the shop's web host offers it."""

import os
import smtplib
from email.message import EmailMessage

from demo.shop.customer import Customer

TEXT = """Hello {name},

please confirm your address: https://shop.example.test/confirm/{token}
Or type this code: {code}

Your shop
"""
HTML = """<html><body style="font-family: sans-serif">
<h1 style="color: #245">Welcome, {name}</h1>
<p>Please <a href="https://shop.example.test/confirm/{token}">confirm your address</a>.</p>
<p>Or type this code: <b>{code}</b></p>
<img src="https://shop.example.test/pixel.gif?{token}" width="1" height="1" alt="">
</body></html>
"""


def send_welcome(customer: Customer, token: str, code: str) -> None:
    """Mail the customer a link and a code. Raises smtplib.SMTPException where the server refuses it."""
    mail = EmailMessage()
    mail["From"] = "The shop <hello@shop.example.test>"
    mail["To"] = f"{customer.name} <{customer.email}>"
    mail["Subject"] = f"Welcome to the shop, {customer.name}"
    mail.set_content(TEXT.format(name=customer.name, token=token, code=code))
    mail.add_alternative(HTML.format(name=customer.name, token=token, code=code), subtype="html")
    mail.add_attachment("1. Be kind.\n2. Pay.\n", filename="terms.txt")
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), timeout=20) as server:
        server.send_message(mail)
