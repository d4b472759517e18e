"""Recording: a first file says what a run did, and by it the same run is clean."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from run_told import EvidenceTold, charge, mail, told

from policies.expectation_file import read_expectations
from policies.expectation_recording import recorded_file
from policies.verification import verify


def verdict_of(text: str, items: list[dict[str, Any]], **more: Any) -> str:
    result = verify(read_expectations(text), EvidenceTold(items, more=more))
    return result.verdict


def test_a_shop() -> None:
    items = [
        mail(1, subject="Order 10042 confirmed"),
        mail(2, subject="Order 10043 confirmed"),
        charge(3),
        charge(4, attempt_of="0003"),
        told(5, target={"path": "/v1/orders/3f2504e0-4f89-11d3-9a0c-0305e82c3301/ship"}),
        told(6, "storage", facts={"bucket": "invoices", "key": "2026-11-22/ord_8fK2mX91aB.pdf"}, operation="PutObject"),
        told(7, "socket", intent="connect", target={"host": "1.2.3.4", "port": 5432, "method": None, "path": None}),
        told(8, "dns", intent="read", facts={"name": "api.stripe.com"}),
        told(9, "web", flags=["telemetry"]),
        told(10, "web", intent="auth"),
    ]
    text = recorded_file("ci-1", "no", items)
    assert text == (
        "# Written from what the run ci-1 did. Read it, and keep what ought to happen.\n"
        "version: 1\n"
        "real_side_effects: none\n"
        "contained: optional\n"
        "expect:\n"
        '  - email: {to: ["ann@example.test"], subject: "Order * confirmed"}\n'
        "    count: 2\n"
        '  - payment: {provider: "stripe", operation: "payment_intent.create", amount: 4200, currency: "eur"}\n'
        "    count: 1\n"
        '  - webhook: {method: "POST", host: "hooks.partner.test", path: "/v1/orders/*/ship"}\n'
        "    count: 1\n"
        '  - storage: {operation: "PutObject", bucket: "invoices", key: "*/*.pdf"}\n'
        "    count: 1\n"
        '  - socket: {host: "1.2.3.4", port: 5432}\n'
        "    count: 1\n"
        "others: fail\n"
    )
    assert verdict_of(text, items) == "clean"
    assert verdict_of(text, [*items, charge(11)]) == "violated"
    assert verdict_of(text, items[1:]) == "violated"


def test_what_was_let_out_is_named() -> None:
    items = [charge(1, left=True, rule="stripe-sandbox")]
    text = recorded_file("ci-1", "namespace", items)
    assert 'real_side_effects: {only: ["stripe-sandbox"]}\ncontained: required\n' in text
    assert verdict_of(text, items) == "clean"
    assert verdict_of(text, [charge(1, left=True, rule="other")]) == "violated"


def test_nothing_is_nothing() -> None:
    assert recorded_file("ci-1", "namespace", []).endswith("contained: required\nothers: fail\n")
    assert verdict_of(recorded_file("ci-1", "namespace", []), []) == "clean"


SAID = st.text(st.characters(codec="utf-8") | st.sampled_from("*/\"\\'{}[]:,#&\x00\x85\ufeff\u2028😀7"), max_size=300)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "to": st.lists(SAID, max_size=3),
        "subject": SAID,
        "amount": st.integers() | SAID,
        "currency": SAID,
        "bucket": SAID,
        "key": SAID,
        "recipient": SAID,
    },
)
CHANNELS = st.sampled_from(["email", "sms", "push", "chat", "payment", "webhook", "storage", "queue", "web", "socket"])


@given(st.lists(st.tuples(CHANNELS, FACTS, SAID, st.none() | SAID), max_size=4))
def test_by_its_own_record_any_run_is_clean(made: list[tuple[Any, dict[str, Any], str, str | None]]) -> None:
    items = [
        told(
            number,
            channel,
            facts=facts,
            operation=operation,
            intent="connect" if channel == "socket" else "write",
            target={"path": f"/{path}"},
        )
        for number, (channel, facts, path, operation) in enumerate(made)
    ]
    assert verdict_of(recorded_file("ci-1", "namespace", items), items) == "clean"
