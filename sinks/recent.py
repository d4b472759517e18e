"""Recent: what is remembered for seconds."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

SECONDS = 15.0
"""Far longer than a commit, and short enough that what another gateway writes is seen."""


class Recent[Value]:
    """A bounded mapping whose entries end by themselves."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._held: OrderedDict[Hashable, tuple[float, Value]] = OrderedDict()

    def put(self, key: Hashable, value: Value, until: float | None = None) -> None:
        """`until`, on the clock given, where it is not from now on that the seconds count."""
        held = self._held
        if key in held:
            del held[key]
        held[key] = (self._clock() + SECONDS if until is None else until, value)
        if len(held) > self._most:
            held.popitem(last=False)

    def get(self, key: Hashable) -> Value | None:
        held = self._held.get(key)
        if held is None:
            return None
        if held[0] < self._clock():
            del self._held[key]
            return None
        return held[1]

    def drop(self, key: Hashable) -> None:
        """Forget one entry at once, also where there is none."""
        self._held.pop(key, None)

    def __len__(self) -> int:
        return len(self._held)
