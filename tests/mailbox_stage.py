"""A mailbox of captured mails for the tests of Mailpit's and MailHog's APIs: a few that differ, in a real ledger."""

from email.message import EmailMessage
from email.policy import SMTP

from dashboard_stage import mail

from ledger.record import Record


def welcome() -> bytes:
    """A text, a page, a picture within it, and a file beside it."""
    made = EmailMessage(policy=SMTP)
    made["From"] = "Ann Sender <ann@shop.test>"
    made["To"] = '"Doe, John" <john@x.test>, bob@x.test'
    made["Cc"] = "carol@x.test"
    made["Reply-To"] = "help@shop.test"
    made["Subject"] = "Welcome to our shop, Jörg"
    made["Date"] = "Sun, 22 Nov 2026 08:00:00 +0100"
    made["Message-ID"] = "<welcome-1@shop.test>"
    made["List-Unsubscribe"] = "<https://shop.test/u?1>, <mailto:u@shop.test>"
    made.set_content("Hello John, your code is 123456.\nBye.\n")
    made.add_alternative('<p>Hello <b>John</b></p><img src="cid:logo">', subtype="html")
    pages = list(made.iter_parts())[1]
    assert isinstance(pages, EmailMessage)
    pages.add_related(b"\x89PNG logo", "image", "png", cid="<logo>", disposition="inline", filename="logo.png")
    made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="terms.pdf")
    return made.as_bytes()


def records() -> list[Record]:
    """Oldest first."""
    reset = (
        b"From: noreply@shop.test\r\nTo: bob@x.test\r\nSubject: Reset your password\r\n\r\nClick the link below.\r\n"
    )
    long = b"From: noreply@shop.test\r\nTo: list@x.test\r\nSubject: Report\r\n\r\n" + b"numbers and sums\r\n" * 1000
    return [
        mail("Reset your password", ["bob@x.test"], reset, sender="bounce@shop.test", run="ci-1", ago=3600),
        mail("Report", ["dave@x.test"], long, sender="noreply@shop.test", run="ci-2", ago=60),
        mail(
            "Welcome to our shop, Jörg",
            ["john@x.test", "bob@x.test", "carol@x.test", "hidden@x.test"],
            welcome(),
            sender="bounce@shop.test",
            session={"helo": "app-1", "sender": "bounce@shop.test"},
        ),
    ]
