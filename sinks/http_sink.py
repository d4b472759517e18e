"""HttpSink: who answers HTTP that does not leave: a pack, an emulator, or a plain success; and every refusal."""

from collections.abc import Mapping
from dataclasses import replace

from ledger.reply import KeptObject, Reply
from policies.explain import NEVER, how_to_opt_in
from policies.expression_values import TooLarge
from policies.http_request import HttpRequest
from policies.pack import Pack, Packs
from policies.pack_response import Unanswerable
from policies.recognition import Recognition
from sinks.emulator import Emulator, EmulatorUnavailable
from sinks.marks import marked
from sinks.objects import Objects
from sinks.pack_answer import PackAnswers
from sinks.passage import Passage
from sinks.problem import problem
from sinks.webhook import EMPTY_JSON, taken


class HttpSink:
    """A Sink for HttpRequest. `secret` seeds identifiers; `emulators` by the name packs give them."""

    def __init__(
        self,
        packs: Packs,
        objects: Objects,
        secret: bytes,
        emulators: Mapping[str, Emulator],
    ) -> None:
        self._packs = packs
        self._answers = PackAnswers(objects, secret[:64])
        self._emulators = emulators

    def at_once(self, passage: Passage) -> Reply | None:
        """What `answer` would give; None where that has to wait for what was kept or for an emulator."""
        known = passage.recognition
        if not isinstance(passage.seen, HttpRequest) or known is None:
            raise TypeError(f"the HTTP sink answers HTTP, not {type(passage.seen).__name__}")
        pack, operation, decision = known.pack, known.operation, passage.decision
        if pack is None:
            return marked(self._of_nobody(passage, passage.seen), passage)
        if decision.verdict != "capture" and _is_refused(passage):
            return self._answers.refuse(passage, known, pack, decision.reason)
        if operation is None:
            return marked(EMPTY_JSON, passage)
        if operation.response is None:
            return None
        try:
            return self._answers.at_once(passage, known, pack, operation)
        except (TooLarge, Unanswerable) as error:
            return self._unanswered(passage, known, pack, error)

    async def answer(self, passage: Passage) -> Reply:
        """The answer to a `capture`, the refusal of a `deny`; marked as ours."""
        reply, known = self.at_once(passage), passage.recognition
        if reply is not None:
            return reply
        if known is None or known.pack is None or known.operation is None:
            raise TypeError("what no pack describes is answered at once")
        try:
            if known.operation.response is None:
                return marked(await self._emulated(passage, known.pack), passage)
            return await self._answers.answer(passage, known, known.pack, known.operation)
        except (EmulatorUnavailable, TooLarge, Unanswerable) as error:
            return self._unanswered(passage, known, known.pack, error)

    def forget(self, passage: Passage, reply: Reply) -> None:
        """The answer was not given, for its capture could not be recorded: a retry must not build on it."""
        self._answers.forget(passage, reply)

    def keep(self, passage: Passage, kept: tuple[KeptObject, ...]) -> None:
        """The request said secrets that are not kept: nor may later answers repeat them."""
        self._answers.keep(passage, kept)

    def _unanswered(self, passage: Passage, known: Recognition, pack: Pack, error: Exception) -> Reply:
        refusal = self._answers.refuse(passage, known, pack, f"it was captured, but could not be answered: {error}")
        return replace(refusal, flags=("unanswered",))

    def _of_nobody(self, passage: Passage, request: HttpRequest) -> Reply:
        if passage.decision.verdict == "capture":
            return taken(request)
        decision = passage.decision
        opt_in = how_to_opt_in(passage.effect, decision, passage.at)
        return problem(decision.reason, passage.capture_id, opt_in)

    async def _emulated(self, passage: Passage, pack: Pack) -> Reply:
        emulator = self._emulators.get(pack.emulator or "")
        if emulator is None:
            raise EmulatorUnavailable(f"no emulator called {pack.emulator!r} is running")
        return await emulator.answer(passage)


def _is_refused(passage: Passage) -> bool:
    """What is not captured is, but for tokens: they are given out also where what follows is refused.

    Not for what nothing opens: it gets no stub token either.
    """
    effect = passage.effect
    return effect.intent != "auth" or passage.decision.rule.startswith(NEVER) or bool(effect.conflicts)
