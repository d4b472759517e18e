"""Answers from packs through the gate: what a failed record leaves behind, which is nothing."""

import json
from datetime import datetime
from typing import Any

import pytest
from recorded import record_of
from requests_seen import FORM, request

from ledger.capture import Capture
from ledger.masking import Masker
from ledger.record import Record
from ledger.row import Row
from ledger.run import NOBODY, Owner
from ledger.trouble import LedgerUnavailable
from policies.http_request import HttpRequest, RunClaim
from policies.pack import Packs
from policies.policy import Policy
from sinks.gate import Gate
from sinks.http_sink import HttpSink
from sinks.objects import NoObjects
from sinks.passage import Answer, Sink

KEY = {"authorization": "Bearer sk_test_x", "content-type": FORM, "idempotency-key": "order-1"}


class Ledger:
    """Keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.broken = False
        self.kept: list[Record | Row] = []

    async def record(self, record: Record | Row) -> None:
        if self.broken:
            raise LedgerUnavailable("no space left on device")
        self.kept.append(record)

    async def settle(self, capture_id: str, left: bool, reply: Record | None) -> None:
        raise AssertionError("nothing leaves here")


class Runs:
    """Knows no run."""

    def run_of(self, claim: RunClaim | None, source: str) -> Owner:
        return NOBODY

    def canary(self, run_id: str, moment: str, way: str) -> bool:
        return False

    def missed(self, run_id: str, at: datetime, why: str) -> None:
        """The ledger may be broken here; nobody's run suffers by it."""


class House:
    """A gate with the built-in packs, and a ledger that can break."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        packs, policy = Packs.built_in(), Policy.built_in()
        sinks: dict[type, Sink] = {HttpRequest: HttpSink(packs, NoObjects(), b"s" * 32, {})}
        self.gate = Gate(
            policy=policy, packs=packs, ledger=self.ledger, sinks=sinks, runs=Runs(), masker=Masker(b"k" * 32)
        )
        self.gate.open = True

    async def ask(self, do: str, body: bytes = b"", headers: dict[str, str] | None = None) -> tuple[Answer, Any]:
        """The answer, and its body as data."""
        answer = await self.gate.take(request(do, body, headers))
        assert isinstance(answer, Answer)
        return answer, json.loads(answer.reply.body)


async def test_a_retry_after_a_failed_record_is_a_first_attempt() -> None:
    house = House()
    house.ledger.broken = True
    with pytest.raises(LedgerUnavailable):
        await house.ask("POST api.stripe.com/v1/customers", b"name=A", KEY)
    house.ledger.broken = False
    answer, _ = await house.ask("POST api.stripe.com/v1/customers", b"name=A", KEY)
    assert answer.reply.attempt_of is None
    again, _ = await house.ask("POST api.stripe.com/v1/customers", b"name=A", KEY)
    assert again.reply.attempt_of == answer.capture_id
    assert [record.capture.id for record in house.ledger.kept] == [answer.capture_id, again.capture_id]


async def test_another_request_under_the_key_of_a_failed_record_is_no_conflict() -> None:
    house = House()
    house.ledger.broken = True
    with pytest.raises(LedgerUnavailable):
        await house.ask("POST api.stripe.com/v1/customers", b"name=A", KEY)
    house.ledger.broken = False
    answer, customer = await house.ask("POST api.stripe.com/v1/customers", b"name=B", KEY)
    assert (answer.reply.status, customer["name"]) == (200, "B")


async def test_a_failed_retry_leaves_the_first_answer_alone() -> None:
    house = House()
    first, customer = await house.ask("POST api.stripe.com/v1/customers", b"name=A", KEY)
    house.ledger.broken = True
    with pytest.raises(LedgerUnavailable):
        await house.ask("POST api.stripe.com/v1/customers", b"name=A", KEY)
    house.ledger.broken = False
    again, same = await house.ask("POST api.stripe.com/v1/customers", b"name=A", KEY)
    assert again.reply.attempt_of == first.capture_id
    assert same == customer


async def test_what_is_filed_is_what_validation_makes() -> None:
    house = House()
    await house.ask("POST api.stripe.com/v1/payment_intents", b"amount=100&currency=eur", KEY)
    capture = record_of(house.ledger.kept[0]).capture
    assert Capture.model_validate(capture.model_dump()) == capture
