"""Matching a capture by keywords, and what does not fit."""

import re
from typing import Any

import pytest
from client_stage import capture, mail
from pytest_soundstage.captured import Captured, summary
from pytest_soundstage.match import KEYS, WORDS, Match

MAIL = mail(
    1, "Ann@example.test", "Welcome", text="Your code is 481516", codes=["481516"], links=["https://x.test/c/1"]
)
CHARGE = capture(
    2,
    "payment",
    provider="stripe",
    operation="payment_intent.create",
    facts={"amount": 4200, "currency": "eur", "customer": "cus_1"},
    body="amount=4200&currency=eur&metadata%5Border%5D=7",
    headers=[["Idempotency-Key", "order-7"]],
)
HOOK = capture(3, "webhook", body='{"status": "shipped", "lines": [{"sku": "lamp"}]}')

FITTING = [
    pytest.param(MAIL, {"to": "ann@example.test"}, id="recipient-whatever-its-case"),
    pytest.param(MAIL, {"from_": "shop@*", "sender": "*@shop.test"}, id="sender-by-either-name"),
    pytest.param(MAIL, {"subject": "Wel*", "text": "*481516*", "code": "481516"}, id="subject-text-code"),
    pytest.param(MAIL, {"link": "*/c/*"}, id="link"),
    pytest.param(CHARGE, {"amount": 4200, "currency": "eur", "provider": "stripe"}, id="facts"),
    pytest.param(CHARGE, {"facts__customer": "cus_*"}, id="any-fact"),
    pytest.param(CHARGE, {"form": {"metadata[order]": "7"}}, id="form-field"),
    pytest.param(CHARGE, {"headers": {"idempotency-key": "order-*"}}, id="header"),
    pytest.param(HOOK, {"host": "HOOKS.partner.test", "path": "/v1/*", "method": "post"}, id="target"),
    pytest.param(HOOK, {"json": {"$.status": "shipped", "lines[0].sku": "lamp"}}, id="json"),
    pytest.param(HOOK, {"left": False, "verdict": "capture"}, id="what-became-of-it"),
]


@pytest.mark.parametrize(("found", "expected"), FITTING)
def test_fits(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert Match(expected).differences(found) == []


def test_differences_name_key_expected_and_actual() -> None:
    found = Match({"amount": 100, "json": {"$.status": "lost"}, "currency": "eur"}).differences(
        {**CHARGE, "body": "{}"}
    )
    assert [str(one) for one in found] == [
        "amount: expected 100, was 4200",
        "json $.status: expected 'lost', was None",
    ]


def test_nearer_captures_are_less_distant() -> None:
    match = Match({"to": "ann@example.test", "subject": "Welcome to the shop"})
    near, far = mail(1, "ann@example.test", "Welcome to the shoe"), mail(2, "bob@else.test", "Invoice")
    assert match.distance(near) < match.distance(far)


def test_a_keyword_nobody_has_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(TypeError, match="no 'subjct' to match; did you mean subject"):
        Match({"subjct": "Welcome"})
    with pytest.raises(TypeError, match="a fact of that name is facts__zzz"):
        Match({"zzz": 1})
    with pytest.raises(TypeError, match="has to be a mapping"):
        Match({"json": "shipped"})
    with pytest.raises(TypeError, match="no path"):
        Match({"json": {"$..x": 1}})


@pytest.mark.parametrize("key", sorted(set(KEYS) - set(WORDS)))
def test_every_keyword_can_be_asked_of_any_capture(key: str) -> None:
    for found in (MAIL, CHARGE, HOOK, capture(9, "dns")):
        assert isinstance(Match({key: "no such value"}).fits(found), bool)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"verdict": "captured"}, id="verdict"),
        pytest.param({"intent": re.compile("^writes")}, id="intent"),
        pytest.param({"channel": "mail"}, id="channel"),
        pytest.param({"left": "true"}, id="truth-as-text"),
    ],
)
def test_what_no_capture_can_be_is_refused(asked: dict[str, object]) -> None:
    """`none(verdict="captured")` would hold whatever happens."""
    with pytest.raises(TypeError, match="nothing that a capture can have; it is one of"):
        Match(asked)
    assert Match({"verdict": re.compile("capture|deny"), "left": False}).fits(MAIL)


def test_lists_are_enough_to_rule_out_and_detail_decides() -> None:
    listed = {name: value for name, value in HOOK.items() if name != "body"}
    match = Match({"host": "hooks.partner.test", "json": {"status": "shipped"}})
    assert match.perhaps(listed)
    assert not match.fits(listed)
    assert match.fits(HOOK)
    assert not Match({"host": "else.test", "json": {"status": "shipped"}}).perhaps(listed)


def made(detail: dict[str, Any]) -> Captured:
    return Captured(detail, "http://x/attempts/1", lambda path: path.encode())


def test_a_mail_as_a_test_reads_it() -> None:
    attachment = {"n": 3, "filename": "terms.pdf", "content_type": "application/pdf", "size": 8}
    found = made({**MAIL, "attachments": [attachment], "headers": [["Subject", "Welcome"]]})
    assert (found.to, found.sender, found.subject) == (["Ann@example.test"], "shop@shop.test", "Welcome")
    assert (found.link("/c/"), found.code(), found.text) == ("https://x.test/c/1", "481516", "Your code is 481516")
    assert [(one.name, one.content_type, one.content) for one in found.attachments] == [
        ("terms.pdf", "application/pdf", b"/api/captures/c001/parts/3")
    ]
    assert found.raw == b"/api/captures/c001/raw"
    assert (found.headers["subject"], found.html, found.verdict, found.host) == (
        "Welcome",
        None,
        "capture",
        "hooks.partner.test",
    )


def test_facts_are_attributes_and_say_what_there_is() -> None:
    found = made(CHARGE)
    assert found.facts.amount == found.facts["amount"] == 4200
    assert sorted(found.facts) == ["amount", "currency", "customer"]
    with pytest.raises(AttributeError, match="no fact 'amuont'; it has amount, currency, customer"):
        _ = found.facts.amuont
    with pytest.raises(AttributeError, match="no 'sbject'"):
        _ = found.sbject


def test_a_text_message_has_links_and_codes_too() -> None:
    text = "Code 4711, or https://shop.test/in/9?a=b now"
    found = made(capture(1, "sms", facts={"to": "+15550100", "text": text}))
    assert (found.to, found.code(), found.link()) == (["+15550100"], "4711", "https://shop.test/in/9?a=b")


def test_no_link_or_several_are_told_with_those_there_are() -> None:
    found = made({**MAIL, "links": ["https://x.test/a", "https://x.test/b"]})
    with pytest.raises(AssertionError, match=r"no link that contains '/confirm/'; there are .*x.test/a"):
        found.link("/confirm/")
    with pytest.raises(AssertionError, match="2 different link"):
        found.link()
    assert made(HOOK).json() == {"status": "shipped", "lines": [{"sku": "lamp"}]}


SUMMARIES = [
    pytest.param(MAIL, "email, to ['Ann@example.test'], subject 'Welcome'", id="mail"),
    pytest.param(CHARGE, "payment stripe payment_intent.create, amount 4200, currency 'eur'", id="charge"),
    pytest.param(HOOK, "webhook POST hooks.partner.test/v1/orders", id="hook"),
    pytest.param({**HOOK, "left": True}, "webhook POST hooks.partner.test/v1/orders, which may have left", id="left"),
]


@pytest.mark.parametrize(("found", "told"), SUMMARIES)
def test_summary(found: dict[str, Any], told: str) -> None:
    assert summary(found) == told
