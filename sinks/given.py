"""Given: the answers of the last seconds, for a request that outruns the commit of the one it builds on."""

import time
from collections import deque
from collections.abc import Callable

from ledger.reply import KeptObject, Reply
from sinks.recent import SECONDS, Recent

MOST_ANSWERS = 5_000
MOST_OBJECTS = 2_000


class Given:
    """What was answered, and by whom it is looked for: another request of its idempotency key or for its objects.

    Nearly nobody does: an answer is only put down, and sorted in once somebody looks for one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unsorted: deque[tuple[float, str, str, str, Reply]] = deque(maxlen=MOST_ANSWERS)
        self._answers: Recent[tuple[str, Reply]] = Recent(MOST_ANSWERS, clock)
        self._objects: Recent[KeptObject] = Recent(MOST_OBJECTS, clock)

    def put(self, run: str, provider: str, capture_id: str, reply: Reply) -> None:
        """Remember an answer from now until it is committed for sure."""
        self._unsorted.append((self._clock() + SECONDS, run, provider, capture_id, reply))

    def answer(self, key: str) -> tuple[str, Reply] | None:
        """The first answer to a Replay's key and its capture."""
        self._sort()
        return self._answers.get(key)

    def object(self, run: str, provider: str, collection: str, key: str) -> KeptObject | None:
        """What the last answer to say so made of an object."""
        self._sort()
        return self._objects.get((run, provider, collection, key))

    def forget(self, run: str, provider: str, capture_id: str, reply: Reply) -> None:
        """Take back an answer whose capture could not be recorded: it was never given."""
        self._sort()
        for item in reply.keep:
            self._objects.drop((run, provider, item.collection, item.key))
        if reply.replay is None:
            return
        first = self._answers.get(reply.replay.key)
        if first is not None and first[0] == capture_id:
            self._answers.drop(reply.replay.key)

    def _sort(self) -> None:
        now = self._clock()
        while self._unsorted:
            until, run, provider, capture_id, reply = self._unsorted.popleft()
            if until < now:
                continue
            for item in reply.keep:
                self._objects.put((run, provider, item.collection, item.key), item, until)
            if reply.replay is not None:
                self._answers.put(reply.replay.key, (capture_id, reply), until)
