"""Runs as tests tell them: captures in the contract's shape, and evidence made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from policies.expectation_file import read_expectations
from policies.expectation_sight import Detail
from policies.verification import verify
from policies.verification_evidence import RunState
from policies.verification_result import Result, RowResult, Settled

BEGAN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def told(number: int = 1, channel: str = "webhook", **fields: Any) -> dict[str, Any]:
    """One capture. `facts`, `target` and the rest as given; `after` is seconds from the run's beginning."""
    after, facts = fields.pop("after", 1.0), fields.pop("facts", {})
    target = {"scheme": "https", "host": "hooks.partner.test", "port": 443, "method": "POST", "path": "/v1/orders"}
    return {
        "id": f"{number:04d}",
        "at": (BEGAN + timedelta(seconds=after)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "run": "ci-1",
        "source": "10.0.3.7",
        "channel": channel,
        "intent": "write",
        "provider": None,
        "operation": None,
        "protocol": "http/1.1",
        "target": {**target, **fields.pop("target", {})},
        "verdict": "capture",
        "rule": f"default:{channel}",
        "reason": "captured by default",
        "fidelity": "generic",
        "left": False,
        "facts": facts,
        "flags": [],
        "payload": {"content_type": None, "size": 0, "sha256": None},
        "reply": {"status": 200, "size": 2},
        **fields,
    }


def mail(number: int = 1, to: str = "ann@example.test", subject: str = "Welcome", **fields: Any) -> dict[str, Any]:
    facts = {"from": "shop@example.test", "to": [to], "subject": subject, "message_id": "<1@x>"}
    target = {"scheme": "smtp", "host": "mail", "port": 25, "method": None, "path": None}
    return told(number, "email", facts=facts, target=target, protocol="smtp", **fields)


def charge(number: int = 1, amount: int = 4200, **fields: Any) -> dict[str, Any]:
    facts = {"amount": amount, "currency": "eur", "recipient": "cus_1"}
    target = {"host": "api.stripe.com", "path": "/v1/payment_intents", **fields.pop("target", {})}
    named = {"provider": "stripe", "operation": "payment_intent.create"}
    return told(number, "payment", facts=facts, target=target, **{**named, **fields})


@dataclass
class EvidenceTold:
    """Evidence made of captures that a test wrote. Sound, unless it says otherwise."""

    items: list[dict[str, Any]] = field(default_factory=list)
    strays: list[dict[str, Any]] = field(default_factory=list)
    details: Mapping[str, Detail] = field(default_factory=dict)
    short: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> RunState:
        fields = {"contained": "namespace", "settled": Settled(True), **self.more}
        return RunState(id="ci-1", began=BEGAN, **fields)

    def captures(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.items)

    def unattributed(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.strays)

    def detail(self, capture_id: str) -> Detail:
        return self.details.get(capture_id, Detail())

    def shortcomings(self) -> tuple[str, ...]:
        return self.short


def judged(text: str, *items: dict[str, Any], allow_uncontained: bool = False, **evidence: Any) -> Result:
    """What comes of a file's text, without its `version: 1`."""
    given = EvidenceTold(list(items), **evidence)
    return verify(read_expectations(f"version: 1\n{text}"), given, allow_uncontained=allow_uncontained)


def row_of(result: Result, kind: str) -> RowResult:
    """The first row of a kind."""
    return next(row for row in result.rows if row.kind == kind)
