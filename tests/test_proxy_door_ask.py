"""Asking the gate: whatever goes wrong, the refusal that was armed before stands."""

import pytest
from door_stage import RememberingGate

from ledger.trouble import CANNOT_RECORD, LedgerUnavailable
from policies.raw_connection import RawConnection
from proxy.door_ask import ask
from sinks.gate import NotReady

SEEN = RawConnection("127.0.0.1", (), 443)


async def test_an_answer_is_passed_on() -> None:
    told = await ask(RememberingGate(), SEEN)
    assert (told.answered, told.verdict, told.capture_id) == (True, "capture", "capture-1")
    assert told.reason == "everything is captured here"


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        pytest.param(NotReady("not yet"), "not yet", id="not-ready"),
        pytest.param(LedgerUnavailable("/srv/data: disk full"), CANNOT_RECORD, id="cannot-record"),
        pytest.param(ZeroDivisionError("x"), "in its log", id="bug"),
    ],
)
async def test_trouble_is_a_refusal(trouble: Exception, reason: str) -> None:
    gate = RememberingGate()
    gate.trouble = trouble
    told = await ask(gate, SEEN)
    assert (told.answered, told.reply.status, told.verdict) == (False, 503, "deny")
    assert reason in told.reason


async def test_a_departure_is_no_answer_and_did_not_leave() -> None:
    gate = RememberingGate()
    gate.departs = True
    told = await ask(gate, SEEN)
    assert (told.answered, told.reply.status) == (False, 503)
    assert gate.settled == [False]
