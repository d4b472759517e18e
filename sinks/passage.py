"""Passage: one effect on its way through the gate, and what comes out at the end: an answer or a departure."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from ledger.reply import KeptObject, Reply
from policies.decision import Decision
from policies.dns_question import DnsQuestion
from policies.effect import Effect
from policies.http_request import HttpRequest
from policies.mail import Mail
from policies.quick import quick
from policies.raw_connection import RawConnection
from policies.recognition import Recognition
from policies.scheduled_job import ScheduledJob

Seen = HttpRequest | Mail | DnsQuestion | RawConnection | ScheduledJob


@quick
@dataclass(frozen=True)
class Passage:
    """What a sink is given to answer."""

    seen: Seen
    recognition: Recognition | None
    """Of an HTTP request: its view, its pack, its operation. None for other protocols."""
    effect: Effect
    decision: Decision
    capture_id: str
    at: datetime


class Sink(Protocol):
    """Who answers for one kind of destination. Dials nothing."""

    async def answer(self, passage: Passage) -> Reply:
        """The provider's answer to a `capture`, its refusal to a `deny`."""
        ...


@runtime_checkable
class AnswersAtOnce(Protocol):
    """A Sink most of whose answers wait for nothing, so that requests need not pay for a coroutine."""

    def at_once(self, passage: Passage) -> Reply | None:
        """What `answer` would give, or None where that has to wait."""
        ...


@runtime_checkable
class RemembersAnswers(Protocol):
    """A Sink that answers later requests out of earlier answers."""

    def forget(self, passage: Passage, reply: Reply) -> None:
        """This answer could not be recorded, and was not given."""
        ...

    def keep(self, passage: Passage, kept: tuple[KeptObject, ...]) -> None:
        """This is recorded of the answer's objects, which is less than it said of them."""
        ...


@quick
@dataclass(frozen=True)
class Answer:
    """The effect stays here: this is written to its wire. The capture is durable already."""

    capture_id: str
    effect: Effect
    decision: Decision
    reply: Reply


def nobody(_whom: object) -> bool:
    """Reached by nothing."""
    return False


@dataclass(frozen=True, slots=True)
class Departure:
    """The effect may leave: recorded as `left: true` already. `settle` says afterwards what truly happened."""

    capture_id: str
    effect: Effect
    decision: Decision
    settle: Callable[[bool, Reply | None], Awaitable[None]]
    """`settle(left, reply)`: False only where it is known that no byte went. The reply is the destination's own."""
    would_reach: Callable[[str], bool] = nobody
    """Of a mail: whether the same mail to this one address would leave too, the same way."""
    would_leave: Callable[[Effect], bool] = nobody
    """Whether another effect would leave too, the same way."""
    answered: tuple[str, ...] = ()
    """Of a mail through an API: addresses that bounces and receipts of it go to; '' for one that cannot be told."""


Outcome = Answer | Departure
