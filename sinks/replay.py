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


class Alone:
    """A key's turn. A class, for a generator and its wrapper would cost each request more than the lock itself."""

    __slots__ = ("_key", "_locks")

    def __init__(self, locks: dict[str, tuple[asyncio.Lock, int]], key: str) -> None:
        self._locks = locks
        self._key = key

    async def __aenter__(self) -> None:
        lock, waiting = self._locks.get(self._key) or (asyncio.Lock(), 0)
        self._locks[self._key] = (lock, waiting + 1)
        try:
            await lock.acquire()
        except BaseException:
            self._go()
            raise

    async def __aexit__(self, *_error: object) -> None:
        self._locks[self._key][0].release()
        self._go()

    def _go(self) -> None:
        """One less who holds the lock or waits for it."""
        lock, waiting = self._locks[self._key]
        if waiting == 1:
            del self._locks[self._key]
        else:
            self._locks[self._key] = (lock, waiting - 1)


class Replays:
    """Finds the first answer to a key, also while its commit is still under way."""

    def __init__(self, objects: Objects, secret: bytes) -> None:
        self._objects = objects
        self._secret = secret
        self._recent: Recent[tuple[str, Reply]] = Recent(MOST_RECENT)
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

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
        whole = f"{sizes}:{''.join(parts)}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(whole, key=self._secret, digest_size=24).digest()

    def alone(self, key: str) -> "Alone":
        """For `async with`. One request of a key at a time: of two at once, the second finds the first's answer."""
        return Alone(self._locks, key)

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
