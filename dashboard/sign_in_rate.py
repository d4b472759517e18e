"""SignInRate: how many wrong tokens may be tried at the door."""

import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0
PER_SOURCE = 10
ALTOGETHER = 100


class SignInRate:
    """Failures of the last minute, by address and altogether. Memory is bounded by `ALTOGETHER`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: deque[tuple[float, str]] = deque(maxlen=ALTOGETHER)

    def failed(self, source: str) -> None:
        self._failures.append((self._clock(), source))

    def exhausted(self, source: str) -> bool:
        """Whether this address has to wait before its next try."""
        since = self._clock() - WINDOW
        while self._failures and self._failures[0][0] < since:
            self._failures.popleft()
        mine = sum(1 for _, failed in self._failures if failed == source)
        return mine >= PER_SOURCE or len(self._failures) >= ALTOGETHER
