"""HttpSink: who answers HTTP that does not leave: a pack, an emulator, or a plain success; and every refusal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from ledger.reply import Reply
from policies.effect import Effect
from policies.explain import opt_in_for
from policies.expression_values import TooLarge
from policies.http_request import HttpRequest
from policies.pack import Pack, Packs
from policies.pack_response import Unanswerable
from policies.recognition import Recognition
from sinks.emulator import Emulator, EmulatorUnavailable
from sinks.objects import Objects
from sinks.pack_answer import PackAnswers
from sinks.passage import Passage
from sinks.problem import problem
from sinks.webhook import EMPTY_JSON, taken

NEVER = "never:"
"""Rules that nothing opens; what they stop gets no stub token either."""


class HttpSink:
    """A Sink for HttpRequest. `secret` seeds identifiers; `emulators` by the name packs give them."""

    def __init__(
        self,
        packs: Packs,
        objects: Objects,
        secret: bytes,
        emulators: Mapping[str, Emulator],
        opt_in: Callable[[Effect, datetime], str] = opt_in_for,
    ) -> None:
        self._packs = packs
        self._answers = PackAnswers(objects, secret[:64])
        self._emulators = emulators
        self._opt_in = opt_in

    async def answer(self, passage: Passage) -> Reply:
        """The answer to a `capture`, the refusal of a `deny`; marked as ours."""
        known = passage.recognition
        if not isinstance(passage.seen, HttpRequest) or known is None:
            raise TypeError(f"the HTTP sink answers HTTP, not {type(passage.seen).__name__}")
        if known.pack is None:
            reply = self._of_nobody(passage, passage.seen)
        else:
            reply = await self._of_provider(passage, known, known.pack)
        return _marked(reply, passage)

    def forget(self, passage: Passage, reply: Reply) -> None:
        """The answer was not given, for its capture could not be recorded: a retry must not build on it."""
        self._answers.forget(passage, reply)

    def _of_nobody(self, passage: Passage, request: HttpRequest) -> Reply:
        if passage.decision.verdict == "capture":
            return taken(request)
        return problem(passage.decision.reason, passage.capture_id, self._opt_in(passage.effect, passage.at))

    async def _of_provider(self, passage: Passage, known: Recognition, pack: Pack) -> Reply:
        decision = passage.decision
        if decision.verdict != "capture" and (
            passage.effect.intent != "auth" or decision.rule.startswith(NEVER) or passage.effect.conflicts
        ):
            return self._answers.refuse(passage, known, pack, decision.reason)
        try:
            return await self._captured(passage, known, pack)
        except (EmulatorUnavailable, TooLarge, Unanswerable) as error:
            refusal = self._answers.refuse(passage, known, pack, f"it was captured, but could not be answered: {error}")
            return replace(refusal, flags=("unanswered",))

    async def _captured(self, passage: Passage, known: Recognition, pack: Pack) -> Reply:
        operation = known.operation
        if operation is None:
            return EMPTY_JSON
        if operation.response is not None:
            return await self._answers.answer(passage, known, pack, operation)
        emulator = self._emulators.get(pack.emulator or "")
        if emulator is None:
            raise EmulatorUnavailable(f"no emulator called {pack.emulator!r} is running")
        return await emulator.answer(passage)


def _marked(reply: Reply, passage: Passage) -> Reply:
    """Lower-case, as HTTP/2 demands and HTTP/1.1 does not mind."""
    marks = (("soundstage-verdict", passage.decision.verdict), ("soundstage-capture", passage.capture_id))
    # Field by field: `replace` would ask for the names of all of them anew for each answer.
    return Reply(
        reply.fidelity,
        reply.status,
        (*reply.headers, *marks),
        reply.body,
        reply.trailers,
        reply.keep,
        reply.replay,
        reply.attempt_of,
        reply.flags,
        reply.facts,
    )
