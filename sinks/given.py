"""Given: the answers of the last seconds, for a request that outruns the commit of the one it builds on."""

import time
from collections import deque
from collections.abc import Callable

from ledger.reply import KeptObject, Reply

SECONDS = 15.0
"""Far longer than a commit, and short enough that what another gateway writes is seen."""
MOST_ANSWERS = 5_000
MOST_OCTETS = 32 * 1024 * 1024
"""Answers that are remembered, and of how many octets: whoever builds on an older one finds it in the ledger."""


class Given:
    """What was answered, and by whom it is looked for: another request of its idempotency key or for its objects.

    Nearly nobody does: an answer is only put down, and sorted in once somebody looks for one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sorted: deque[tuple[float, str, str, str, Reply]] = deque()
        self._unsorted: deque[tuple[float, str, str, str, Reply]] = deque()
        """When each ends, whose and which it is; all that are sorted in are older than any that is not."""
        self._octets = 0
        self._answers: dict[str, tuple[str, Reply]] = {}
        self._objects: dict[tuple[str, str, str, str], tuple[str, KeptObject]] = {}
        """Each with its capture."""

    def put(self, run: str, provider: str, capture_id: str, reply: Reply) -> None:
        """Remember an answer from now until it is committed for sure."""
        now = self._clock()
        self._unsorted.append((now + SECONDS, run, provider, capture_id, reply))
        self._octets += len(reply.body)
        self._end(now)

    def answer(self, key: str) -> tuple[str, Reply] | None:
        """The first answer to a Replay's key and its capture."""
        self._sort()
        return self._answers.get(key)

    def object(self, run: str, provider: str, collection: str, key: str) -> KeptObject | None:
        """What the last answer to say so made of an object."""
        self._sort()
        held = self._objects.get((run, provider, collection, key))
        return None if held is None else held[1]

    def forget(self, run: str, provider: str, capture_id: str, reply: Reply) -> None:
        """Take back an answer whose capture could not be recorded: it was never given."""
        self._sort()
        for item in reply.keep:
            name = (run, provider, item.collection, item.key)
            if name in self._objects and self._objects[name][0] == capture_id:
                del self._objects[name]
        if reply.replay is not None and self._answers.get(reply.replay.key, ("",))[0] == capture_id:
            del self._answers[reply.replay.key]

    def _sort(self) -> None:
        self._end(self._clock())
        while self._unsorted:
            entry = self._unsorted.popleft()
            self._sorted.append(entry)
            _, run, provider, capture_id, reply = entry
            for item in reply.keep:
                self._objects[run, provider, item.collection, item.key] = (capture_id, item)
            if reply.replay is not None:
                self._answers[reply.replay.key] = (capture_id, reply)

    def _end(self, now: float) -> None:
        """Let go of what is over, and of the oldest where there is too much."""
        while oldest := self._sorted or self._unsorted:
            many = len(self._sorted) + len(self._unsorted) > MOST_ANSWERS
            if oldest[0][0] >= now and not many and self._octets <= MOST_OCTETS:
                return
            _, run, provider, _, reply = oldest.popleft()
            self._octets -= len(reply.body)
            if oldest is self._sorted:
                self._unsort(run, provider, reply)

    def _unsort(self, run: str, provider: str, reply: Reply) -> None:
        """Take it out of the look-ups, where no later one has taken its place."""
        for item in reply.keep:
            name = (run, provider, item.collection, item.key)
            if name in self._objects and self._objects[name][1] is item:
                del self._objects[name]
        if reply.replay is not None and self._answers.get(reply.replay.key, ("", None))[1] is reply:
            del self._answers[reply.replay.key]
