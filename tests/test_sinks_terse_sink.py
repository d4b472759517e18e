"""TerseSink: what has no answer made here is recorded as refused, and never as a success."""

from datetime import UTC, datetime

import pytest

from policies.decision import Decision
from policies.dns_question import DnsQuestion
from policies.effect import Effect, Target
from policies.raw_connection import RawConnection
from sinks.passage import Passage, Seen
from sinks.terse_sink import TerseSink


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(RawConnection(source="127.0.0.1", names=(), port=22), id="raw-connection"),
        pytest.param(DnsQuestion("a.test", "A", "127.0.0.1", "dns", b""), id="dns-question"),
    ],
)
async def test_refused_without_words(seen: Seen) -> None:
    target = Target(scheme="tcp", host="a.test", port=22)
    effect = Effect(channel="socket", intent="connect", protocol="tcp", target=target, source="127.0.0.1")
    decision = Decision(verdict="deny", rule="default:socket", reason="no opt-in matches")
    reply = await TerseSink().answer(Passage(seen, None, effect, decision, "1", datetime.now(UTC)))
    assert (reply.fidelity, reply.status, reply.body) == ("refused", 0, b"")
