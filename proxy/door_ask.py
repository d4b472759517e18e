"""Asking: one question to the gate with the refusal armed before it, in which whatever goes wrong ends."""

import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.reply import Reply
from ledger.trouble import CANNOT_RECORD, LedgerUnavailable
from policies.http_request import HttpRequest
from policies.quick import quick
from proxy.http1_reply import problem
from sinks.gate import NotReady
from sinks.passage import Answer, Departure, Outcome, Seen

_log = logging.getLogger(__name__)


class Gate(Protocol):
    """`sinks.gate.Gate`, as far as the door needs it."""

    def take(self, seen: Seen) -> Coroutine[Any, Any, Outcome]:
        """Judge, answer and record."""
        ...

    def keeps_body(self, head: HttpRequest) -> bool:
        """Whether a long body may be streamed to the ledger as sent."""
        ...


@quick
@dataclass(frozen=True)
class Told:
    """What goes to the client's wire."""

    reply: Reply
    reason: str
    capture_id: str | None = None
    verdict: str = "deny"
    answered: bool = False
    """False: the armed refusal stands, nothing was answered in anybody's name, and the connection ends."""


async def ask(gate: Gate, seen: Seen) -> Told:
    """The gate's answer, or the refusal. Raises nothing but cancellation."""
    told = ARMED
    try:
        outcome = await gate.take(seen)
        told = _answered(outcome) if isinstance(outcome, Answer) else await stayed(outcome)
    except Exception as error:
        told = refused(seen, error)
    return told


def _answered(answer: Answer) -> Told:
    capture_id = answer.capture_id or None  # a canary has none
    return Told(answer.reply, answer.decision.reason, capture_id, answer.decision.verdict, answered=True)


def refused(seen: Seen, error: Exception) -> Told:
    """The refusal where the gate raised; whatever this is, it ends in one."""
    if isinstance(error, NotReady):
        return _refusal("Soundstage is not ready", str(error))
    if isinstance(error, LedgerUnavailable):
        _log.warning("a %s was refused: %s", type(seen).__name__, error)
        return _refusal("Soundstage cannot record", CANNOT_RECORD)
    _log.error("the gate failed on a %s", type(seen).__name__, exc_info=error)
    return ARMED


async def stayed(departure: Departure) -> Told:
    """The policy changed since this connection's engine was chosen. There is nothing here that dials."""
    await departure.settle(False, None)
    detail = "The policy changed while this connection was open: it may leave now, over a new connection."
    return _refusal("Try again", detail, departure.capture_id)


def _refusal(title: str, detail: str, capture_id: str | None = None) -> Told:
    return Told(problem(503, title, detail, capture_id), detail, capture_id)


ARMED = _refusal("Soundstage failed", "Soundstage failed while it judged this; nothing left, and it is in its log.")
"""What a client is told unless the gate says otherwise."""
