"""Rows of expectations: each kind, each way to count, and what comes of it."""

from typing import Any

import pytest
from run_told import charge, judged, mail, told

MAIL = 'expect:\n- email: {to: "*@example.test", subject: /Welcome/}'
CHARGE = "expect:\n- payment: {provider: stripe, amount: 4200, currency: EUR}"
ONE = ("clean", "1 expected, 1 found")
NONE = ("violated", "1 expected, none found")
CLAIMED = ("clean", "every effect was claimed by a row")
ROWS = [
    pytest.param(MAIL, [mail()], *ONE, id="mail"),
    pytest.param(MAIL, [], "violated", "1 expected, none found; nothing was captured at all", id="no-mail"),
    pytest.param(MAIL, [mail(subject="Bye")], *NONE, id="other-mail"),
    pytest.param(MAIL, [mail(1), mail(2)], "violated", "1 expected, 2 found", id="two-mails"),
    pytest.param(
        MAIL,
        [charge(3)],
        "violated",
        "1 expected, none found; no email was captured at all, but 1 payment",
        id="channel",
    ),
    pytest.param(MAIL + "\n  count: 0", [], "clean", "0 expected, none found", id="none-wanted"),
    pytest.param(MAIL + "\n  count: 0", [mail()], "violated", "0 expected, 1 found", id="none-wanted-one-found"),
    pytest.param(
        MAIL + "\n  count: {min: 2}", [mail(1), mail(2), mail(3)], "clean", "at least 2 expected, 3 found", id="min"
    ),
    pytest.param(MAIL + "\n  count: {max: 1}", [], "clean", "0 to 1 expected, none found", id="max"),
    pytest.param(MAIL + "\n  within: 2s", [mail(after=1.5)], *ONE, id="in-time"),
    pytest.param(MAIL + "\n  within: 2s", [mail(after=2.5)], *NONE, id="too-late"),
    pytest.param(CHARGE, [charge()], *ONE, id="charge"),
    pytest.param(CHARGE, [charge(amount=4300)], *NONE, id="other-amount"),
    pytest.param(CHARGE, [charge(1), charge(2, attempt_of="0001")], *ONE, id="a-repeat-is-one"),
    pytest.param(
        CHARGE + "\n  attempts: 2",
        [charge(1), charge(2, attempt_of="0001")],
        "clean",
        "at least 1 expected, 1 found; 2 attempts expected, 2 seen",
        id="attempts",
    ),
    pytest.param(
        CHARGE + "\n  attempts: 2",
        [charge(1)],
        "violated",
        "at least 1 expected, 1 found; 2 attempts expected, 1 seen",
        id="too-few-attempts",
    ),
    pytest.param(
        CHARGE + "\n  attempts: {max: 1}",
        [charge(1), charge(2, attempt_of="0001")],
        "violated",
        "at least 0 expected, 1 found; 0 to 1 attempts expected, 2 seen",
        id="too-many-attempts",
    ),
    pytest.param(CHARGE, [charge(), charge(2, intent="read")], *ONE, id="reads-are-not-counted"),
    pytest.param(
        CHARGE,
        [charge(intent="read")],
        "violated",
        "1 expected, none found; 1 payment capture, which only read",
        id="only-reads",
    ),
    pytest.param(
        "expect:\n- payment: {method: get, amount: 4200}",
        [charge(intent="read", target={"method": "GET"})],
        *ONE,
        id="a-read-by-method",
    ),
    pytest.param("expect:\n- sms: {to: '+4915*'}", [told(1, "sms", facts={"to": ["+491511"]})], *ONE, id="sms"),
    pytest.param(
        "expect:\n- push: {subject: Hi}", [told(1, "push", facts={"to": ["x"], "subject": "Hi"})], *ONE, id="push"
    ),
    pytest.param(
        "expect:\n- chat: {to: '#ops', text: '*deployed*'}",
        [told(1, "chat", facts={"to": ["#ops"], "text": "we deployed it"})],
        *ONE,
        id="chat",
    ),
    pytest.param(
        "expect:\n- storage: {bucket: invoices, key: '*.pdf'}",
        [told(1, "storage", facts={"bucket": "invoices", "key": "a/1.pdf"})],
        *ONE,
        id="storage",
    ),
    pytest.param(
        "expect:\n- queue: {recipient: '*/orders'}",
        [told(1, "queue", facts={"recipient": "https://sqs/1/orders"})],
        *ONE,
        id="queue",
    ),
    pytest.param(
        "expect:\n- web: {method: PUT, host: API.test}",
        [told(1, "web", target={"method": "PUT", "host": "api.test"})],
        *ONE,
        id="web",
    ),
    pytest.param(
        "expect:\n- dns: {name: api.test}\n  attempts: 3",
        [told(1, "dns", intent="read", facts={"name": "api.test", "count": 3})],
        "clean",
        "at least 1 expected, 1 found; 3 attempts expected, 3 seen",
        id="dns",
    ),
    pytest.param(
        "expect:\n- socket: {host: 1.2.3.4, port: 443}",
        [told(1, "socket", intent="connect", target={"host": "1.2.3.4", "path": None})],
        *ONE,
        id="socket",
    ),
    pytest.param("expect:\n- any: {host: hooks.partner.test}", [told()], *ONE, id="any"),
    pytest.param("expect:\n- webhook: {facts: {count: 3}}", [told(facts={"count": 3})], *ONE, id="facts"),
    pytest.param(
        "never:\n- email: {to_domain_not_in: [example.test]}", [], "clean", "nothing of it was seen", id="never"
    ),
    pytest.param(
        "never:\n- email: {to_domain_not_in: [example.test]}",
        [mail(to="a@real.com")],
        "violated",
        "1 capture of what must never happen",
        id="never-seen",
    ),
    pytest.param(
        "never:\n- any: {flag: live_credential}",
        [charge(intent="read", flags=["live_credential"])],
        "violated",
        "1 capture of what must never happen",
        id="never-of-reads",
    ),
    pytest.param("others: fail", [told()], "violated", "1 effect that no row claims", id="others"),
    pytest.param(
        "others: fail",
        [told(1, "socket", intent="connect")],
        "violated",
        "1 effect that no row claims",
        id="others-raw",
    ),
    pytest.param("others: fail", [told(1, "dns", intent="read")], *CLAIMED, id="others-dns"),
    pytest.param("others: fail", [told(intent="auth")], *CLAIMED, id="others-token-calls"),
    pytest.param("others: fail", [told(1, "web", flags=["telemetry"])], *CLAIMED, id="others-telemetry"),
    pytest.param("others: fail", [told(1, "web", intent="read")], *CLAIMED, id="others-reads"),
]


@pytest.mark.parametrize(("text", "items", "verdict", "reason"), ROWS)
def test_a_row(text: str, items: list[dict[str, Any]], verdict: str, reason: str) -> None:
    text = text if "others" in text else f"{text}\nothers: allow"
    outcome = "held" if verdict == "clean" else "failed"
    result = judged(text, *items)
    assert (result.verdict, result.rows[0].outcome, result.rows[0].reason) == (verdict, outcome, reason)
