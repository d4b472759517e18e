"""Replays: which requests repeat an earlier one under the same idempotency key, one at a time for each key."""

import asyncio
import hashlib

from ledger.reply import Replay, Reply
from policies.expression_values import encoded, text
from policies.pack_context import describing
from policies.recognition import Recognition
from sinks.objects import Objects, StoredReply
from sinks.recent import Recent

MOST_RECENT = 5_000


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

    def __init__(self, objects: Objects, secret: bytes) -> None:
        self._objects = objects
        self._keyed = hashlib.blake2b(key=secret, digest_size=24)
        """Copied for each digest: a copy costs half of what beginning one with its key does."""
        self._recent: Recent[tuple[str, Reply]] = Recent(MOST_RECENT)
        self._turns: Turns = {}

    def of(self, known: Recognition, run: str) -> Replay | None:
        """The key and meaning of a request that its provider would know again, else None."""
        pack, operation = known.pack, known.operation
        if pack is None or pack.idempotent is None or operation is None or not operation.idempotent:
            return None
        key = pack.idempotent.key(describing(known.view))
        if not key:
            return None
        return Replay(self.digest(pack.id, run, *known.credentials, text(key)).hex(), _fingerprint(known))

    def digest(self, *parts: str) -> bytes:
        """A digest keyed with the gateway's secret, so that nothing it is made of can be guessed from it."""
        sizes = ",".join(map(str, map(len, parts)))
        made = self._keyed.copy()
        made.update(f"{sizes}:{''.join(parts)}".encode("utf-8", "surrogatepass"))
        return made.digest()

    def alone(self, key: str) -> "Alone":
        """For `async with`. One request of a key at a time: of two at once, the second finds the first's answer."""
        return Alone(self._turns, key)

    async def first(self, run: str, key: str) -> tuple[StoredReply, Reply | None] | None:
        """The first answer; beside it, while its commit is not known of, the reply whose keepings must come again."""
        stored = await self._objects.replay(run, key)
        if stored is not None:
            return stored, None
        recent = self._recent.get(key)
        if recent is None:
            return None
        capture_id, reply = recent
        fingerprint = "" if reply.replay is None else reply.replay.fingerprint
        return StoredReply(fingerprint, capture_id, reply.status, reply.headers, reply.body), reply

    def answered(self, capture_id: str, reply: Reply) -> None:
        """Remember an answer from now until its commit."""
        if reply.replay is not None:
            self._recent.put(reply.replay.key, (capture_id, reply))

    def forget(self, capture_id: str, reply: Reply) -> None:
        """Take back what `answered` remembered: the capture it names could not be recorded."""
        if reply.replay is None:
            return
        recent = self._recent.get(reply.replay.key)
        if recent is not None and recent[0] == capture_id:
            self._recent.drop(reply.replay.key)


def _fingerprint(known: Recognition) -> str:
    """What the request means: of a multipart body its fields, whose boundary differs in each try; else its octets."""
    view = known.view
    body = encoded(view.form) if view.content_type == "multipart/form-data" else view.request.body.sha256
    whole = f"{view.method} {view.target}\n{body}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).hexdigest()
