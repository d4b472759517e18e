"""The gate: the one passage every listener's effects go through, from description to durable capture."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from ledger.identifier import new_id
from ledger.masking import Masker
from ledger.record import Record
from ledger.reply import Reply
from ledger.row import Row
from ledger.run import Owner
from ledger.trouble import LedgerUnavailable
from policies.decision import LEAVING, Decision
from policies.describe import describe
from policies.describe_http import answered
from policies.effect import UNATTRIBUTED, Effect
from policies.http_request import HttpRequest, RunClaim
from policies.mail import Mail
from policies.pack import Packs
from sinks.canary import DECISION, Canary, answer_to, canary_in
from sinks.filing import filed, written
from sinks.in_flight import InFlight
from sinks.passage import Answer, AnswersAtOnce, Departure, Outcome, Passage, RemembersAnswers, Seen, Sink

NOW = partial(datetime.now, UTC)
"""The time, from one call that runs no code of ours."""


class Decider(Protocol):
    """The policy in force."""

    def decide(self, effect: Effect, now: datetime) -> Decision:
        """Pure: the same effect at the same time gives the same decision."""
        ...


class Recorder(Protocol):
    """The ledger, as far as the gate needs it. A call returns once durable, or raises LedgerUnavailable."""

    def record(self, record: Record | Row) -> Awaitable[None]:
        """Write one new capture. To be awaited at once."""
        ...

    async def settle(self, capture_id: str, left: bool, reply: Record | None) -> None:
        """Say of a departure what truly left; `reply`'s reply fields are added to the capture."""
        ...


class Attribution(Protocol):
    """Whose traffic it is."""

    def run_of(self, claim: RunClaim | None, source: str) -> Owner:
        """The run, its window that is open, and flags to add, such as `wrong_run_token`."""
        ...

    def canary(self, run_id: str, moment: str, way: str) -> bool:
        """Note that a canary arrived; blocks until that is durable. False: the run expects none."""
        ...

    def missed(self, run_id: str, at: datetime, why: str) -> None:
        """Note that an effect of a run could not be recorded."""
        ...


class NotReady(Exception):
    """The gateway has not proved itself yet: listeners answer 503 or 451 until it has."""


class Gate:
    """Effect, decision, reply, capture: in this order, for everything, or a refusal."""

    def __init__(
        self,
        *,
        policy: Decider,
        packs: Packs,
        ledger: Recorder,
        sinks: Mapping[type, Sink],
        runs: Attribution,
        masker: Masker,
        clock: Callable[[], datetime] = NOW,
        in_flight: InFlight | None = None,
    ) -> None:
        self._policy = policy
        self._packs = packs
        self._ledger = ledger
        self._sinks = {kind: (sink, _at_once(sink)) for kind, sink in sinks.items()}
        self._runs = runs
        self._masker = masker
        self._clock = clock
        self.in_flight = in_flight or InFlight()
        self.open = False
        """Set once the self-test at start has passed; until then nothing is answered."""

    def keeps_body(self, head: HttpRequest) -> bool:
        """Whether this request's body may be streamed to the ledger exactly as sent: an upload, which is not masked."""
        _, recognition = describe(head, self._packs, run=UNATTRIBUTED)
        return recognition is not None and recognition.keeps_body_exactly

    async def take(self, seen: Seen) -> Outcome:
        """Judge, answer and record what a listener saw.

        Returns once the capture is durable. Raises LedgerUnavailable where it cannot be recorded and NotReady before
        the gate is open; any other exception is a bug. In each case the listener's refusal, armed before, stands.
        """
        # In one piece, for every request: what hands on to something that waits waits itself, and is woken for it.
        if not self.open:
            raise NotReady("Soundstage is starting: policy, CA and ledger are not proved yet")
        owner = self._runs.run_of(getattr(seen, "claim", None), seen.source)
        judging = object()
        self.in_flight.judge(judging, owner.run, seen.source)
        try:
            effect, recognition = describe(seen, self._packs, run=owner.run, window=owner.window, flags=owner.flags)
            at = self._clock()
            if effect.run != UNATTRIBUTED and (canary := await self._canary(seen, effect)) is not None:
                return Answer("", effect, DECISION, answer_to(canary, effect.run))
            decision = self._policy.decide(effect, at)
            passage = Passage(seen, recognition, effect, decision, new_id(at), at)
            if decision.verdict in LEAVING:
                return await self._depart(passage)
            sink, at_once = self._sinks[type(seen)]
            reply = at_once(passage) or await sink.answer(passage)
            try:
                entry = written(passage, reply, self._masker)
                if type(entry) is Record and entry.keep is not reply.keep and isinstance(sink, RemembersAnswers):
                    # Before anybody else is answered: an object would say to them, and in their rows, what was removed.
                    sink.keep(passage, entry.keep)
                await self._ledger.record(entry)
            except BaseException:
                _forget(sink, passage, reply)
                raise
            return Answer(passage.capture_id, effect, decision, reply)
        except LedgerUnavailable as error:
            self._runs.missed(owner.run, self._clock(), f"an effect was refused: {error}.")
            raise
        except Exception as bug:
            self._runs.missed(
                owner.run, self._clock(), f"an effect was refused: Soundstage failed ({type(bug).__name__})."
            )
            raise
        finally:
            self.in_flight.judged(judging)

    async def _canary(self, seen: Seen, effect: Effect) -> Canary | None:
        """The canary it is, where its run expects any. One with a long body is none."""
        canary = canary_in(effect)
        if canary is None or (isinstance(seen, HttpRequest | Mail) and seen.body.path is not None):
            return None
        noted = await asyncio.to_thread(self._runs.canary, effect.run, canary.moment or "", canary.way)
        return canary if noted else None

    async def _depart(self, passage: Passage) -> Departure:
        await self._ledger.record(filed(passage, None, left=True, masker=self._masker))

        async def settle(left: bool, reply: Reply | None) -> None:
            told = None if reply is None else filed(passage, reply, left=left, masker=self._masker)
            await self._ledger.settle(passage.capture_id, left, told)

        def would_leave(effect: Effect) -> bool:
            return _same_way(self._policy.decide(effect, self._clock()), passage.decision)

        def would_reach(address: str) -> bool:
            return would_leave(passage.effect.model_copy(update={"recipients": (address,)}))

        known = passage.recognition
        hearing = () if known is None else answered(known)
        return Departure(
            passage.capture_id, passage.effect, passage.decision, settle, would_reach, would_leave, hearing
        )


def _at_once(sink: Sink) -> Callable[[Passage], Reply | None]:
    return sink.at_once if isinstance(sink, AnswersAtOnce) else _never


def _forget(sink: Sink, passage: Passage, reply: Reply) -> None:
    if isinstance(sink, RemembersAnswers):
        sink.forget(passage, reply)


def _never(_passage: Passage) -> None:
    """Of a sink that has to be waited for."""


def _same_way(one: Decision, other: Decision) -> bool:
    way, other_way = ((it.verdict, it.divert, it.via, it.addresses) for it in (one, other))
    return one.leaves and way == other_way
