"""What later answers are built on within seconds of an earlier one is what the ledger keeps of it, without secrets."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_stage import Stage, stage
from recorded import row_written
from requests_seen import FORM, request

from ledger.masking import Masker
from ledger.objects import Objects
from ledger.record import Record
from ledger.row import Row
from ledger.runs import Runs
from policies.http_request import HttpRequest
from policies.pack import Packs
from policies.policy import Policy
from sinks.gate import Gate
from sinks.http_sink import HttpSink
from sinks.passage import Answer

SECRET = "aFZO7nKEq93"


class Watched:
    """The ledger's writer, and all that it was given."""

    def __init__(self, ledger: Stage) -> None:
        self._ledger = ledger
        self.rows: list[Row] = []

    async def record(self, record: Record | Row) -> None:
        self.rows.append(row_written(record))
        await self._ledger.writer.record(record)

    async def settle(self, capture_id: str, left: bool, reply: Record | None) -> None:
        raise AssertionError("nothing leaves here")


class House:
    """A gate with the built-in packs over a real ledger."""

    def __init__(self, ledger: Stage) -> None:
        self.ledger = Watched(ledger)
        self.late = timedelta(0)
        packs, objects = Packs.built_in(), Objects(ledger.ledger, ledger.store)
        self.gate = Gate(
            policy=Policy.built_in(),
            packs=packs,
            ledger=self.ledger,
            sinks={HttpRequest: HttpSink(packs, objects, b"s" * 32, {})},
            runs=Runs(ledger.ledger),
            masker=Masker(b"k" * 32),
            clock=lambda: datetime.now(UTC) - self.late,
        )
        self.gate.open = True

    async def ask(self, do: str, body: str = "", key: str = "") -> dict[str, Any]:
        headers = {"authorization": "Bearer sk_test_x", "content-type": FORM}
        answer = await self.gate.take(request(do, body.encode(), {**headers, "idempotency-key": key}))
        assert isinstance(answer, Answer)
        told: dict[str, Any] = json.loads(answer.reply.body)
        return told


@pytest.mark.parametrize(
    ("do", "body"),
    [
        pytest.param("GET", "", id="read"),
        pytest.param("POST", "name=B", id="changed"),
    ],
)
async def test_an_object_that_was_made_with_a_secret_is_remembered_without_it(
    tmp_path: Path, do: str, body: str
) -> None:
    async with stage(tmp_path / "data") as ledger:
        house = House(ledger)
        made = await house.ask("POST api.stripe.com/v1/customers", f"name=A&metadata[api_key]={SECRET}")
        assert made["metadata"]["api_key"] == SECRET

        told = await house.ask(f"{do} api.stripe.com/v1/customers/{made['id']}", body)

        assert told["metadata"]["api_key"].startswith("[removed:api_key:")
        assert SECRET not in repr(house.ledger.rows)


async def test_a_retry_that_is_made_again_changes_nothing_that_is_remembered(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as ledger:
        house = House(ledger)
        create = ("POST api.stripe.com/v1/customers", f"name=A&metadata[api_key]={SECRET}", "order-1")
        made = await house.ask(*create)
        await house.ask(f"POST api.stripe.com/v1/customers/{made['id']}", "name=B")
        assert await house.ask(*create) == made

        told = await house.ask(f"GET api.stripe.com/v1/customers/{made['id']}")

        assert told["name"] == "B"
        assert SECRET not in repr(house.ledger.rows)


async def test_a_retry_is_answered_alike_though_the_clock_was_set_back_before(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as ledger:
        house = House(ledger)
        await house.ask("GET api.stripe.com/v1/balance")
        house.late = timedelta(hours=1)
        create = ("POST api.stripe.com/v1/customers", f"name=A&metadata[api_key]={SECRET}", "order-1")
        made = await house.ask(*create)

        assert await house.ask(*create) == made
