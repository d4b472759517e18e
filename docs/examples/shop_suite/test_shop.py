"""The shop's side effects, as its users see them."""

import re

import pytest
from fastapi.testclient import TestClient
from pytest_soundstage import AsyncStage, NotAsExpected, Window


def test_signing_up_sends_a_mail_whose_link_confirms(soundstage: Window, client: TestClient) -> None:
    client.post("/signup", json={"email": "ann@example.test"})
    mail = soundstage.email.wait_for(to="ann@example.test", subject=re.compile("Welcome"))
    link = mail.link("/confirm/")
    assert client.get(link.removeprefix("https://shop.example")).json() == {"confirmed": "ann@example.test"}
    soundstage.assert_nothing_else()
    soundstage.assert_nothing_left()


def test_signing_in_takes_the_code_of_the_mail(soundstage: Window, client: TestClient) -> None:
    client.post("/code", json={"email": "ann@example.test"})
    code = soundstage.email.one(subject="Your code").code()
    assert client.post("/login", json={"email": "ann@example.test", "code": code}).json() == {"welcome": True}
    soundstage.assert_nothing_else()


def test_an_order_is_charged_stored_told_and_confirmed(soundstage: Window, client: TestClient) -> None:
    told = client.post("/orders", json={"email": "bo@example.test", "prices": [4000, 200]}).json()
    charge = soundstage.payments.one(provider="stripe", operation="payment_intent.create", amount=4200)
    assert charge.facts.currency == "eur"
    assert (
        soundstage.storage.one(bucket="shop-invoices", key=f"{told['order']}.txt").raw == b"bo@example.test [4000, 200]"
    )
    soundstage.webhooks.one(host="hooks.partner.example", json={"$.order": told["order"], "$.status": "paid"})
    invoice = soundstage.email.wait_for(to="bo@example.test", attachment="invoice.pdf").attachments[0]
    assert (invoice.content_type, invoice.content) == ("application/pdf", b"INVOICE")
    soundstage.sms.none()
    soundstage.assert_nothing_else()
    soundstage.assert_nothing_left()


def test_what_nobody_looked_at_is_not_nothing(soundstage: Window, client: TestClient) -> None:
    client.post("/signup", json={"email": "cho@example.test"})
    with pytest.raises(NotAsExpected, match=r"cho@example\.test"):
        soundstage.assert_nothing_else()
    with pytest.raises(NotAsExpected, match="captured instead"):
        soundstage.email.one(to="dee@example.test", timeout=0.2)


async def test_the_same_awaited(asoundstage: AsyncStage, client: TestClient) -> None:
    client.post("/code", json={"email": "eve@example.test"})
    assert len((await asoundstage.email.wait_for(to="eve@example.test")).code()) == 6
    await asoundstage.assert_nothing_else()
