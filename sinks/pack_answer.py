"""PackAnswers: a captured request answered from its pack: objects loaded and kept, ids made, retries recognised."""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from ledger.reply import Fidelity, KeptObject, Replay, Reply
from policies.expression_values import text
from policies.operation import ObjectListing, ObjectLoad, Operation
from policies.pack_context import PackContext
from policies.pack_generator import Generator
from policies.pack_response import Rendered, Unanswerable
from policies.pack_type import Idempotent, Pack
from policies.recognition import Recognition
from policies.written import Written, WrittenObject, plain
from sinks.given import Given
from sinks.marks import CAPTURE, NAMES, VERDICT, marks
from sinks.objects import Objects, StoredReply
from sinks.passage import Passage
from sinks.replay import Replays

MOST_LISTED = 1_000
MASKED = b"[removed:"
"""What masking leaves behind: a stored answer with it is made again, from the same seed and time."""


class PackAnswers:
    """Answers the operations that packs describe, each answer marked as ours."""

    def __init__(self, objects: Objects, secret: bytes) -> None:
        self._objects = objects
        self._given = Given()
        self._replays = Replays(objects, secret, self._given)
        self._keyed = hashlib.blake2b(key=secret)
        """What identifiers are drawn from, so that nobody can guess them."""

    def at_once(self, passage: Passage, known: Recognition, pack: Pack, operation: Operation) -> Reply | None:
        """The provider's answer; None where it has to be looked for what was kept. Raises Unanswerable and TooLarge."""
        if operation.looks_back:
            return None
        replay = self._replays.of(known, pack, passage.effect.run) if operation.idempotent else None
        if replay is None:
            return self._made(passage, pack, operation, self._context(passage, known, passage.capture_id), None)
        if replay.key in self._replays.turns or not self._objects.surely_new(replay.key):
            return None
        return self._made(passage, pack, operation, self._context(passage, known, replay.key), replay)

    async def answer(self, passage: Passage, known: Recognition, pack: Pack, operation: Operation) -> Reply:
        """The same of any operation, or the provider's idempotency error."""
        replay = self._replays.of(known, pack, passage.effect.run) if operation.idempotent else None
        if replay is None or pack.idempotent is None:
            return await self._fresh(passage, known, pack, operation, passage.capture_id, passage.at)
        async with self._replays.alone(replay.key):
            found = await self._replays.first(passage.effect.run, replay.key)
            if found is not None:
                first, pending = found
                if first.fingerprint != replay.fingerprint:
                    return self._conflict(passage, known, pack.idempotent)
                return await self._again(passage, known, pack, operation, first, pending, replay)
            return await self._fresh(passage, known, pack, operation, replay.key, passage.at, replay)

    def forget(self, passage: Passage, reply: Reply) -> None:
        """Take back what was remembered of an answer whose capture could not be recorded: it was never given."""
        effect = passage.effect
        self._given.forget(effect.run, effect.provider or "", passage.capture_id, reply)

    def keep(self, passage: Passage, kept: tuple[KeptObject, ...]) -> None:
        """Have later answers built on objects as the ledger keeps them, in the place of those that were remembered."""
        effect = passage.effect
        self._given.put(effect.run, effect.provider or "", passage.capture_id, Reply("shaped", 0, keep=kept))

    def refuse(self, passage: Passage, known: Recognition, pack: Pack, reason: str) -> Reply:
        """The provider's own refusal with our reason in it."""
        context = self._context(passage, known, passage.capture_id)
        context.reason = reason
        return _reply(passage, pack.denial(known.operation, context).render(context), "refused")

    def _conflict(self, passage: Passage, known: Recognition, idempotent: Idempotent) -> Reply:
        context = self._context(passage, known, passage.capture_id)
        return replace(_reply(passage, idempotent.conflict.render(context), "shaped"), flags=("idempotency_conflict",))

    async def _again(
        self,
        passage: Passage,
        known: Recognition,
        pack: Pack,
        operation: Operation,
        first: StoredReply,
        pending: Reply | None,
        replay: Replay,
    ) -> Reply:
        """The first answer once more; what its capture keeps is kept again while that is not known to be durable."""
        body = first.body
        if first.at is not None and MASKED in body:
            body = (await self._fresh(passage, known, pack, operation, replay.key, first.at, again=True)).body
        replayed = pack.idempotent.replayed if pack.idempotent is not None else ()
        kept = tuple((name, value) for name, value in first.headers if name.lower() not in NAMES)
        return Reply(
            fidelity="shaped",
            status=first.status,
            headers=(*kept, *replayed, *marks(passage)),
            body=body,
            keep=pending.keep if pending is not None else (),
            replay=pending.replay if pending is not None else None,
            attempt_of=first.capture_id,
        )

    async def _fresh(
        self,
        passage: Passage,
        known: Recognition,
        pack: Pack,
        operation: Operation,
        seed: str,
        at: datetime,
        replay: Replay | None = None,
        *,
        again: bool = False,
    ) -> Reply:
        """The answer to a request that nobody made before, of objects kept earlier. `again`: one that was given before,
        since when its objects may have changed."""
        context = self._context(passage, known, seed, at)
        run = passage.effect.run
        if operation.load is not None:
            context.obj = await self._load(run, pack, operation.load, context)
            if context.obj is None and operation.load.missing is not None:
                return _reply(passage, operation.load.missing.render(context), "shaped")
        if operation.listing is not None:
            context.objs = await self._list(run, pack, operation.listing, context)
        return self._made(passage, pack, operation, context, replay, again=again)

    def _made(
        self,
        passage: Passage,
        pack: Pack,
        operation: Operation,
        context: PackContext,
        replay: Replay | None,
        *,
        again: bool = False,
    ) -> Reply:
        if operation.response is None:
            raise Unanswerable(f"the operation {operation.id} of {pack.id} has no answer of its own")
        rendered = operation.response.render(context)
        made = rendered.made
        keep = _kept(rendered) if rendered.kept else ()
        verdict, capture = (VERDICT, passage.decision.verdict), (CAPTURE, passage.capture_id)
        reply = Reply(
            "generic" if operation.generic else "shaped",
            rendered.status,
            (*rendered.headers, verdict, capture),
            rendered.body,
            (),
            keep,
            replay,
            None,
            (),
            {},
            (rendered.body, made) if type(made) is WrittenObject and rendered.encoded is not None else None,
        )
        if (keep or replay is not None) and not again:
            self._given.put(passage.effect.run, pack.id, passage.capture_id, reply)
        return reply

    def _context(self, passage: Passage, known: Recognition, seed: str, at: datetime | None = None) -> PackContext:
        """Seeded by a retry's key, of run, provider and credential: it makes the same ids, also after a restart."""
        made = Generator(f"{passage.effect.operation} {seed}".encode(), self._keyed)
        return PackContext(known.view, at or passage.at, made, known.facts, passage.capture_id, None, None, "")

    async def _load(self, run: str, pack: Pack, load: ObjectLoad, context: PackContext) -> Any:
        collection, key = text(load.collection(context)), text(load.key(context))
        recent = self._given.object(run, pack.id, collection, key)
        if recent is not None:
            return recent.value
        return await self._objects.get(run, pack.id, collection, key)

    async def _list(self, run: str, pack: Pack, listing: ObjectListing, context: PackContext) -> list[Any]:
        asked = listing.limit(context)
        limit = min(max(asked, 1), MOST_LISTED) if type(asked) is int else 100
        return await self._objects.list(run, pack.id, text(listing.collection(context)), limit)


def _kept(rendered: Rendered) -> tuple[KeptObject, ...]:
    """What of an answer is kept. What is written already is not read for it, unless no UTF-8 can say it."""
    kept = []
    for told in rendered.kept:
        if told is None:
            continue
        collection, key, value = told
        encoded = None if value is None or value is not rendered.made else rendered.encoded
        if isinstance(value, Written):
            try:
                encoded = encoded or value.text().encode()
                value = None
            except UnicodeEncodeError:
                value = plain(value)
        kept.append(KeptObject(collection, key, value, encoded))
    return tuple(kept)


def _reply(passage: Passage, rendered: Rendered, fidelity: Fidelity) -> Reply:
    return Reply(fidelity, rendered.status, (*rendered.headers, *marks(passage)), rendered.body)
