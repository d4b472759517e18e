"""A Soundstage through which a little of everything was sent, and a client of its API: for tests of it from outside."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from running import Running, started

from ledger.data_dir import prepare
from ledger.run_keys import RunKeys
from ledger.runs import Runs
from ledger.store import open_ledger

RUN = "ci-4711"
SECRET = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"


@dataclass(frozen=True)
class Story:
    """What was sent through a Soundstage, and how to ask it."""

    running: Running
    api: httpx.Client
    mail: bytes
    answers: dict[str, httpx.Response]

    def items(self, **query: str | int) -> list[dict[str, Any]]:
        answer = self.api.get("/api/captures", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


def welcome_mail() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Shop <shop@shop.example>", "ann@example.com", "Wélcome"
    message.set_content("Your code is 481516. https://shop.example/confirm/abc\n")
    message.add_alternative("<p>Your code is <b>481516</b></p>", subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="terms.pdf")
    return message.as_bytes().replace(b"\n", b"\r\n") + b".leading dot\r\n"


def send(running: Running) -> dict[str, httpx.Response]:
    trust = ssl.create_default_context(cafile=running.ca)
    through = {"trust_env": False, "verify": trust, "timeout": 60}
    token = RunKeys.of(running.data_dir).token(RUN)
    with httpx.Client(proxy=f"http://{RUN}:{token}@{running.addresses['proxy']}", **through) as run:  # type: ignore[arg-type]  # a table of keywords
        form = {"amount": "4200", "currency": "eur", "customer": "cus_123"}
        headers = {"authorization": f"Bearer {SECRET}", "idempotency-key": "order-1"}
        charge = run.post("https://api.stripe.com/v1/payment_intents", data=form, headers=headers)
    with httpx.Client(proxy=f"http://{running.addresses['proxy']}", **through) as nobody:  # type: ignore[arg-type]  # the same
        read = nobody.get("http://reads.example/a?b=c")
        hook = nobody.post("https://hooks.partner.example/orders", json={"order": 7, "password": "hunter22"})
    return {"charge": charge, "read": read, "hook": hook}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("api")
    with closing(open_ledger(prepare(folder / "data"), writer=True)) as ledger:
        Runs(ledger).open(RUN, "checkout", datetime.now(UTC))
    with started(folder) as running, running.api() as api:
        mail = welcome_mail()
        with smtplib.SMTP(*running.place("smtp")) as smtp:
            smtp.sendmail("shop@shop.example", ["ann@example.com", "bcc@example.com"], mail)
        yield Story(running, api, mail, send(running))
