"""Replays: which requests repeat an earlier one under the same idempotency key, one at a time for each key."""

import asyncio
import hashlib

from ledger.reply import Replay, Reply
from policies.expression_values import encoded, text
from policies.pack_context import Describing
from policies.pack_type import Pack
from policies.recognition import Recognition
from sinks.given import Given
from sinks.objects import Objects, StoredReply

Turns = dict[str, tuple[asyncio.Lock, int] | None]
"""Who has a key's turn and how many more wait for it; of one that nobody waits for nothing but that it is taken."""


class Alone:
    """A key's turn. A class, for a generator and its wrapper would cost each request more than the turn itself."""

    __slots__ = ("_key", "_turns")

    def __init__(self, turns: Turns, key: str) -> None:
        self._turns = turns
        self._key = key

    async def __aenter__(self) -> None:
        if self._key not in self._turns:
            self._turns[self._key] = None
            return
        held = self._turns[self._key]
        if held is None:
            held = (asyncio.Lock(), 1)
            await held[0].acquire()  # at once, for whoever has the turn: nobody had to wait for it until now
        lock, count = held
        self._turns[self._key] = (lock, count + 1)
        try:
            await lock.acquire()
        except BaseException:
            self._go()
            raise

    async def __aexit__(self, *_error: object) -> None:
        held = self._turns[self._key]
        if held is not None:
            held[0].release()
        self._go()

    def _go(self) -> None:
        """One less who has the turn or waits for it."""
        held = self._turns[self._key]
        if held is None or held[1] == 1:
            del self._turns[self._key]
        else:
            self._turns[self._key] = (held[0], held[1] - 1)


class Replays:
    """Finds the first answer to a key, also while its commit is still under way."""

    def __init__(self, objects: Objects, secret: bytes, given: Given) -> None:
        self._objects = objects
        self._given = given
        self._keyed = hashlib.blake2b(key=secret, digest_size=24)
        """Copied for each digest: a copy costs half of what beginning one with its key does."""
        self.turns: Turns = {}

    def of(self, known: Recognition, pack: Pack, run: str) -> Replay | None:
        """The key and meaning of a request to an idempotent operation, or None where its provider knows no key of it.

        The key is a digest keyed with the gateway's secret, so that nothing it is made of can be guessed from it.
        """
        idempotent, view = pack.idempotent, known.view
        if idempotent is None:
            return None
        field = idempotent.field
        key = idempotent.key.made(Describing(view)) if field is None else view.headers.get(field)
        if not key:
            return None
        parts = (pack.id, run, *known.credentials, key if type(key) is str else text(key))
        sizes = ",".join([str(len(part)) for part in parts])
        made = self._keyed.copy()
        made.update(f"{sizes}:{''.join(parts)}".encode("utf-8", "surrogatepass"))
        # Of a multipart body what its fields mean, whose boundary differs in each try; else its octets.
        body = encoded(view.form) if view.content_type == "multipart/form-data" else view.request.body.sha256
        meant = hashlib.blake2b(f"{view.method} {view.target}\n{body}".encode("utf-8", "surrogatepass"), digest_size=16)
        return Replay(made.hexdigest(), meant.hexdigest())

    def alone(self, key: str) -> "Alone":
        """For `async with`. One request of a key at a time: of two at once, the second finds the first's answer."""
        return Alone(self.turns, key)

    async def first(self, run: str, key: str) -> tuple[StoredReply, Reply | None] | None:
        """The first answer; beside it, while its commit is not known of, the reply whose keepings must come again."""
        stored = await self._objects.replay(run, key)
        if stored is not None:
            return stored, None
        given = self._given.answer(key)
        if given is None:
            return None
        capture_id, reply = given
        fingerprint = "" if reply.replay is None else reply.replay.fingerprint
        return StoredReply(fingerprint, capture_id, reply.status, reply.headers, reply.body), reply
