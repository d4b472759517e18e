"""The gate: what is recorded before what, and what comes out when something on the way fails."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from recorded import record_of

from ledger.masking import Masker
from ledger.record import Record
from ledger.reply import Reply
from ledger.row import Row
from ledger.run import NOBODY, Owner
from ledger.trouble import LedgerUnavailable
from policies.body import Body
from policies.decision import Decision
from policies.effect import Effect
from policies.http_request import HttpRequest, RunClaim
from policies.mail import Mail
from policies.pack import Packs
from policies.raw_connection import RawConnection
from sinks.gate import Gate, NotReady
from sinks.passage import Answer, Departure, Passage

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REQUEST = HttpRequest(
    method="POST",
    scheme="https",
    names=(("sni", "hooks.partner.example"), ("host", "hooks.partner.example")),
    target="/v1/orders?token=secret",
    headers=(("host", "hooks.partner.example"), ("authorization", "Bearer of-the-realm")),
    source="10.0.0.7",
    body=Body.of(b'{"status": "shipped"}'),
    claim=RunClaim("ci-1", "token"),
)
MAIL = Mail(
    sender="a@shop.test",
    recipients=("ann@example.test", "bo@example.test"),
    body=Body.of(b"Subject: Hello\r\n\r\nhi\r\n"),
    source="10.0.0.7",
    protocol="smtp",
    port=1025,
    recipient_options=(("NOTIFY=NEVER",), ()),
    transcript="C: EHLO shop",
)
CONNECTION = RawConnection(
    source="10.0.0.7", names=(("connect", "db.example:5432"),), port=5432, opening=Body.of(b"\0")
)


class FixedPolicy:
    """Decides everything alike."""

    def __init__(self, verdict: str) -> None:
        self.verdict = verdict

    def decide(self, effect: Effect, now: datetime) -> Decision:
        return Decision(verdict=self.verdict, rule="rule", reason="because the test says so", flags=("noted",))


class Ledger:
    """Keeps what it was told, in order; `broken` makes it refuse."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.broken = False

    async def record(self, record: Record | Row) -> None:
        if self.broken:
            raise LedgerUnavailable("no space left on device")
        self.told.append(("record", record_of(record)))

    async def settle(self, capture_id: str, left: bool, reply: Record | None) -> None:
        self.told.append(("settle", capture_id, left, reply))


class Sink:
    """Answers 200, or raises what it was given."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.error: Exception | None = None
        self.recorded_before_answering = -1

    async def answer(self, passage: Passage) -> Reply:
        self.recorded_before_answering = len(self.ledger.told)
        if self.error is not None:
            raise self.error
        return Reply(fidelity="generic", status=200, body=b"ok", facts={"id": "made-up"}, flags=("repeated",))


class Runs:
    """Knows one run."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def run_of(self, claim: RunClaim | None, source: str) -> Owner:
        if claim is None:
            return NOBODY
        return Owner(claim.run, "w-1") if claim.token == "token" else Owner(flags=("wrong_run_token",))

    def canary(self, run_id: str, moment: str, way: str) -> bool:
        return False

    def missed(self, run_id: str, at: datetime, why: str) -> None:
        self.told.append((run_id, why))


class House:
    """A gate with everything around it."""

    def __init__(self, verdict: str) -> None:
        self.ledger = Ledger()
        self.sink = Sink(self.ledger)
        self.runs = Runs()
        policy = FixedPolicy(verdict)
        self.gate = Gate(
            policy=policy,
            packs=Packs.built_in(),
            ledger=self.ledger,
            sinks={HttpRequest: self.sink, Mail: self.sink, RawConnection: self.sink},
            runs=self.runs,
            masker=Masker(b"k" * 32),
            clock=lambda: NOON,
        )
        self.gate.open = True


@pytest.mark.parametrize("seen", [pytest.param(s, id=type(s).__name__) for s in (REQUEST, MAIL, CONNECTION)])
@pytest.mark.parametrize("verdict", ["capture", "deny"])
async def test_what_stays_is_recorded_before_it_is_answered(seen: HttpRequest, verdict: str) -> None:
    house = House(verdict)
    outcome = await house.gate.take(seen)
    assert isinstance(outcome, Answer)
    ((kind, record),) = house.ledger.told
    assert kind == "record"
    assert (record.capture.id, record.capture.left, record.capture.decision.verdict) == (
        outcome.capture_id,
        False,
        verdict,
    )
    assert set(record.capture.flags) >= {"noted", "repeated"}


async def test_what_leaves_is_recorded_as_left_before_anything_is_dialled() -> None:
    house = House("allow")
    outcome = await house.gate.take(REQUEST)
    assert isinstance(outcome, Departure)
    assert [(kind, record.capture.left) for kind, record in house.ledger.told] == [("record", True)]
    assert house.sink.recorded_before_answering == -1
    await outcome.settle(False, None)
    assert house.ledger.told[1] == ("settle", outcome.capture_id, False, None)


async def test_the_destinations_answer_is_kept_with_the_departure() -> None:
    house = House("allow")
    outcome = await house.gate.take(REQUEST)
    assert isinstance(outcome, Departure)
    await outcome.settle(True, Reply(fidelity="real", status=201, body=b"{}"))
    _, capture_id, left, record = house.ledger.told[1]
    assert (capture_id, left, record.capture.reply.status, record.capture.fidelity) == (
        outcome.capture_id,
        True,
        201,
        "real",
    )


async def test_what_cannot_be_recorded_is_not_answered() -> None:
    house = House("capture")
    house.ledger.broken = True
    with pytest.raises(LedgerUnavailable):
        await house.gate.take(REQUEST)
    assert house.runs.told == [("ci-1", "an effect was refused: no space left on device.")], "its run misses it"


async def test_what_cannot_be_recorded_does_not_leave() -> None:
    house = House("allow")
    house.ledger.broken = True
    with pytest.raises(LedgerUnavailable):
        await house.gate.take(REQUEST)


async def test_a_sink_that_raises_leaves_the_refusal_and_no_capture() -> None:
    house = House("capture")
    house.sink.error = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        await house.gate.take(REQUEST)
    assert house.ledger.told == []


async def test_a_closed_gate_takes_nothing() -> None:
    house = House("capture")
    house.gate.open = False
    with pytest.raises(NotReady, match="starting"):
        await house.gate.take(REQUEST)
    assert house.ledger.told == []


async def test_secrets_are_gone_before_the_ledger_sees_them() -> None:
    house = House("capture")
    await house.gate.take(REQUEST)
    ((_, record),) = house.ledger.told
    assert "of-the-realm" not in repr(record)
    assert "token=secret" not in repr(record)
    assert record.capture.facts["id"] == "made-up"


async def test_an_upload_is_kept_without_the_chunks_it_was_sent_in() -> None:
    house = House("capture")
    signed = b"7;chunk-signature=0\r\nINVOICE\r\n0;chunk-signature=0\r\n\r\n"
    host = "invoices.s3.eu-central-1.amazonaws.com"
    upload = replace(
        REQUEST,
        method="PUT",
        names=(("sni", host), ("host", host)),
        target="/2026/A1.txt",
        headers=(("host", host), ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")),
        body=Body.of(signed),
    )
    await house.gate.take(upload)
    ((_, record),) = house.ledger.told
    assert record.kept_body.data == b"INVOICE"
    assert record.capture.payload.size == 7


async def test_a_run_is_known_by_its_claim() -> None:
    house = House("capture")
    await house.gate.take(REQUEST)
    ((_, record),) = house.ledger.told
    assert (record.capture.effect.run, record.capture.effect.window) == ("ci-1", "w-1")


async def test_a_mail_keeps_its_envelope_and_its_bytes() -> None:
    house = House("capture")
    await house.gate.take(MAIL)
    ((_, record),) = house.ledger.told
    assert record.kept_body.data == MAIL.body.data
    assert record.session["recipients"] == [
        {"address": "ann@example.test", "options": ["NOTIFY=NEVER"]},
        {"address": "bo@example.test", "options": []},
    ]
    assert record.capture.payload.content_type == "message/rfc822"


async def test_a_card_number_in_a_mail_is_kept_and_raises_a_flag() -> None:
    house = House("capture")
    body = Body.of(b"Subject: Your card\r\n\r\nWe charged 4242 4242 4242 4242.\r\n")
    await house.gate.take(replace(MAIL, body=body))
    ((_, record),) = house.ledger.told
    assert record.kept_body.data == body.data
    assert "card_number" in record.capture.flags
