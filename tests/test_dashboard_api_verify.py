"""Verifying over a real ledger: what is read of a run, within which limits, and what the gateway is asked first."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_stage import Stage, mail_of, record_of, stage
from running import PATIENCE

from dashboard.api_verify import VerifyApi
from dashboard.api_verify_shapes import VerifyAsked
from dashboard.problem import Problem
from dashboard.run_evidence import EvidenceLimits
from ledger.filters import Filters
from ledger.reader import Reader
from ledger.record import Record
from ledger.store import Ledger
from ledger.stored import Page
from policies.expectation_names import Names
from policies.pack import Packs

CLEAN = "version: 1\ncontained: optional\n"
MAIL = CLEAN + "expect:\n- email: {to: ann@example.test, text: /Hello/, link: /confirm/}\nothers: allow\n"


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path / "data") as made:
        yield made


class GatewayStand:
    """Answers for one run, and notes what it was asked."""

    def __init__(self, **run: Any) -> None:
        self.run: dict[str, Any] = {
            "id": "ci-1",
            "opened_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
            "finished_at": None,
            "opened_seq": 0,
            "finished_seq": None,
            "contained": "no",
            "listener": None,
            "parent": None,
            "lease": None,
            "ended": None,
            "children": [],
            "canaries": None,
            "gaps": [],
            "windows": [],
            "counts": {"captures": 1, "left": 0, "channels": {}, "verdicts": {}, "wrong_token": 0},
            **run,
        }
        self.settled: dict[str, Any] = {"reached": True, "why": None, "waited": 0.3}
        self.asked: list[tuple[str, float, float]] = []

    async def run_show(self, run_id: str) -> dict[str, Any] | None:
        return self.run if run_id == self.run["id"] else None

    async def names(self) -> dict[str, Any]:
        return Names.of(Packs.built_in()).as_json()

    async def settle(self, run_id: str, quiet: float, at_most: float) -> dict[str, Any]:
        self.asked.append((run_id, quiet, at_most))
        return self.settled


async def judged(
    ledger: Stage, text: str | None, gateway: GatewayStand, limits: EvidenceLimits | None = None, **asked: Any
) -> dict[str, Any]:
    result = await VerifyApi(ledger.reader, gateway, limits).result("ci-1", VerifyAsked(text=text, **asked))
    told: dict[str, Any] = json.loads(json.dumps(result.as_contract()))
    return told


def confirmation(**fields: Any) -> Record:
    return mail_of("Welcome", ["ann@example.test"], "Hello\r\nhttps://shop.test/confirm/1", protocol="smtp", **fields)


async def test_a_run_is_settled_and_judged(ledger: Stage) -> None:
    await ledger.record_all([confirmation(), confirmation(run="ci-2")])
    gateway = GatewayStand()
    told = await judged(ledger, f"{MAIL}settle: {{quiet: 1s, at_most: 5s}}", gateway)
    assert (told["verdict"], told["reasons"]) == ("clean", [])
    assert gateway.asked == [("ci-1", 1.0, 5.0)]
    assert told["settled"] == {"reached": True, "why": None, "waited": 0.3}
    assert told["counts"]["judged"] == 1
    assert told["rows"][0]["found"] == 1


async def test_a_run_that_does_not_settle_is_inconclusive(ledger: Stage) -> None:
    await ledger.record_all([confirmation()])
    gateway = GatewayStand()
    gateway.settled = {"reached": False, "why": "1 request is under way", "waited": 10.0}
    told = await judged(ledger, MAIL, gateway)
    assert told["reasons"] == ["settled: it did not settle: 1 request is under way"]


async def test_without_a_file_nothing_may_be_real(ledger: Stage) -> None:
    await ledger.record_all([confirmation()])
    assert (await judged(ledger, None, GatewayStand()))["verdict"] == "inconclusive"
    assert (await judged(ledger, None, GatewayStand(), allow_uncontained=True))["verdict"] == "clean"
    await ledger.record_all([record_of(left=True)])
    assert (await judged(ledger, None, GatewayStand()))["verdict"] == "violated"


async def test_a_refused_file_is_not_judged_in_part(ledger: Stage) -> None:
    gateway = GatewayStand()
    with pytest.raises(Problem) as refused:
        await judged(ledger, "version: 1\nothrs: allow", gateway, file="e.yaml")
    assert (refused.value.status, gateway.asked) == (422, [])
    problem = {"file": "e.yaml", "line": 2, "field": "othrs"}
    assert refused.value.more["problems"] == [{**problem, "what": "the key 'othrs' is not known here; write 'others'"}]


async def test_unknown_runs_and_windows(ledger: Stage) -> None:
    for run, window in (("ci-9", None), ("ci-1", "w-9")):
        with pytest.raises(Problem) as missing:
            await judged(ledger, CLEAN, GatewayStand(id=run), window=window)
        assert missing.value.status == 404


async def test_a_window_is_judged_by_its_own_captures(ledger: Stage) -> None:
    now = datetime.now(UTC)
    await ledger.record_all([confirmation(window="w-1"), confirmation(window="w-2"), confirmation()])
    window = {"id": "w-1", "name": "test_a", "opened_at": now.isoformat(), "closed_at": None}
    gap = {
        "at": (now - timedelta(hours=1)).isoformat(),
        "until": (now - timedelta(hours=1)).isoformat(),
        "why": "Gone.",
    }
    gateway = GatewayStand(windows=[{**window, "opened_seq": 0, "closed_seq": None}], gaps=[gap])
    told = await judged(ledger, MAIL, gateway, window="w-1")
    assert (told["verdict"], told["counts"]["judged"]) == ("clean", 1)
    gap["until"] = datetime.now(UTC).isoformat()
    assert (await judged(ledger, MAIL, gateway, window="w-1"))["verdict"] == "inconclusive"


async def test_what_nobody_claimed_counts_from_beginning_to_a_little_after_the_end(ledger: Stage) -> None:
    await ledger.record_all([record_of(run="unattributed")])
    await ledger.record_all([confirmation()])
    seq = ledger.reader.last_seq()
    assert (await judged(ledger, MAIL, GatewayStand()))["verdict"] == "inconclusive"
    assert (await judged(ledger, MAIL, GatewayStand(opened_seq=seq - 1)))["verdict"] == "clean"
    ended = {"opened_seq": seq - 1, "finished_seq": seq}
    await ledger.record_all([record_of(run="unattributed")])
    late = GatewayStand(**ended, finished_at=datetime.now(UTC).isoformat())
    assert (await judged(ledger, MAIL, late))["verdict"] == "inconclusive"
    long_ago = GatewayStand(**ended, finished_at=(datetime.now(UTC) - timedelta(minutes=1)).isoformat())
    assert (await judged(ledger, MAIL, long_ago))["verdict"] == "clean"
    assert (await judged(ledger, MAIL, GatewayStand(listener={"proxy": "127.0.0.1:9"})))["verdict"] == "clean"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        pytest.param(EvidenceLimits(captures=1), "more than 1 captures", id="captures"),
        pytest.param(EvidenceLimits(bodies=0), "more than 0 bodies", id="bodies"),
        pytest.param(EvidenceLimits(octets=10), "more than 0 bodies or 0 octets", id="octets"),
        pytest.param(EvidenceLimits(body=10), "its body was not kept whole", id="body"),
    ],
)
async def test_what_is_beyond_a_limit_is_inconclusive(ledger: Stage, limits: EvidenceLimits, reason: str) -> None:
    await ledger.record_all([record_of(), confirmation()])
    told = await judged(ledger, MAIL, GatewayStand(contained="namespace"), limits)
    assert told["verdict"] == "inconclusive"
    assert reason in str(told["reasons"])


async def test_calls_are_looked_into(ledger: Stage) -> None:
    facts = {"to": ["+491511"], "text": "Your code is 123456, or https://shop.test/c/1"}
    hook = record_of(channel="webhook", body=b'{"status": "shipped"}', facts={}, content_type="application/json")
    await ledger.record_all(
        [record_of(channel="sms", facts=facts), replace(hook, request_headers=(("X-Event", "order"),), query="v=2")]
    )
    text = (
        f"{CLEAN}expect:\n"
        "- sms: {code: '123456', link: https://shop.test/c/1}\n"
        "- webhook: {json: {$.status: shipped}, headers: {x-event: order}, query: {v: 2}}\n"
    )
    told = await judged(ledger, text, GatewayStand())
    assert (told["verdict"], told["reasons"]) == ("clean", [])


async def test_a_run_that_was_ended_for_its_age_is_inconclusive(ledger: Stage) -> None:
    await ledger.record_all([confirmation()])
    ended = datetime.now(UTC) - timedelta(hours=1)
    opened = (ended - timedelta(days=1)).isoformat()
    old = GatewayStand(opened_at=opened, finished_at=ended.isoformat(), finished_seq=1)
    told = await judged(ledger, MAIL, old)
    assert (told["verdict"], "it was open for a day" in str(told["reasons"])) == ("inconclusive", True)


class HeldReader(Reader):
    """Reads the captures of `ci-1` only once that is allowed."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.begun, self.allowed = threading.Event(), threading.Event()

    def captures(self, filters: Filters, after: str | None = None, limit: int = 100) -> Page:
        if filters.run == "ci-1":
            self.begun.set()
            assert self.allowed.wait(2 * PATIENCE)
        return super().captures(filters, after, limit)


class AnyRun(GatewayStand):
    async def run_show(self, run_id: str) -> dict[str, Any] | None:
        return {**self.run, "id": run_id}


async def test_one_run_that_is_verified_again_and_again_keeps_no_other_waiting(ledger: Stage) -> None:
    reader = HeldReader(ledger.ledger)
    api = VerifyApi(reader, AnyRun())
    flood = [asyncio.ensure_future(api.result("ci-1", VerifyAsked())) for _ in range(6)]
    try:
        async with asyncio.timeout(PATIENCE):
            assert await asyncio.to_thread(reader.begun.wait, PATIENCE)
            assert (await api.result("ci-2", VerifyAsked())).run == "ci-2"
    finally:
        reader.allowed.set()
        done = await asyncio.gather(*flood)
    assert [one.run for one in done] == ["ci-1"] * 6


class RobbedReader(Reader):
    """Somebody removes captures of the run while they are read, which is noted on it."""

    def __init__(self, ledger: Ledger, gateway: GatewayStand) -> None:
        super().__init__(ledger)
        self._gateway = gateway

    def captures(self, filters: Filters, after: str | None = None, limit: int = 100) -> Page:
        at = self._gateway.run["opened_at"]
        gap = {"at": at, "until": at, "why": "somebody removed captures of it"}
        self._gateway.run = {**self._gateway.run, "gaps": [gap]}
        return replace(super().captures(filters, after, limit), items=[])


async def test_what_is_removed_while_it_is_read_is_told(ledger: Stage) -> None:
    """Looked at before its captures alone, it would have been whole, and clean of what was gone."""
    await ledger.record_all([confirmation()])
    gateway = GatewayStand()
    api = VerifyApi(RobbedReader(ledger.ledger, gateway), gateway)
    result = await api.result("ci-1", VerifyAsked(text=f"{CLEAN}never:\n- email: {{to: ann@example.test}}\n"))
    assert (result.verdict, "somebody removed captures" in " ".join(result.reasons)) == ("inconclusive", True)
