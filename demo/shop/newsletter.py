"""The newsletter, through SendGrid's SDK."""

import os

from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail

from demo.shop.customer import Customer


def subscribe(customer: Customer) -> None:
    """Send the first issue. Raises RuntimeError where SendGrid did not accept it."""
    mail = Mail(
        from_email="news@shop.example.test",
        to_emails=customer.email,
        subject="This week in the shop",
        html_content=f"<h1>Hello {customer.name}</h1><p>Lamps are 20 % off.</p>",
    )
    response = SendGridAPIClient(os.environ["SENDGRID_API_KEY"]).send(mail)
    if response.status_code != 202:
        raise RuntimeError(f"SendGrid answered {response.status_code}")
