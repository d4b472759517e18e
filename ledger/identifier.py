"""Identifiers of captures: UUIDv7 as text (RFC 9562, 5.7), so that ids sort by time. Nothing else is named here."""

import threading
from datetime import datetime
from os import urandom

_RANDOM_BITS = 74
_RANDOM_OCTETS = 10
_BELOW_TOP = (1 << (_RANDOM_BITS - 1)) - 1
_LOW = (1 << 62) - 1
_STEP_OCTETS = 4
_FETCHED = 4_000
"""Octets asked of the system at once: an ask costs as much as all else of an identifier."""


class _Sequence:
    """The last id given out, so that ids of one process only ever rise, also when the clock goes back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = 0
        self._tail = 0
        self._octets = b""
        self._used = 0

    def after(self, millisecond: int) -> tuple[int, int]:
        """The next (millisecond, 74-bit tail)."""
        with self._lock:
            if millisecond <= self._millisecond:
                tail = self._tail + 1 + self._random(_STEP_OCTETS)
                if not tail >> _RANDOM_BITS:
                    self._tail = tail
                    return self._millisecond, tail
                millisecond = self._millisecond + 1
            # The top bit stays free, so that a millisecond has room for 2^41 steps.
            self._tail = tail = self._random(_RANDOM_OCTETS) & _BELOW_TOP
            self._millisecond = millisecond
            return millisecond, tail

    def _random(self, size: int) -> int:
        at = self._used
        until = at + size
        if until > len(self._octets):
            self._octets, at, until = urandom(_FETCHED), 0, size
        self._used = until
        return int.from_bytes(self._octets[at:until])


_SEQUENCE = _Sequence()


def new_id(at: datetime) -> str:
    """A UUIDv7 for something that happened at `at`; later calls in this process give greater ids."""
    millisecond, tail = _SEQUENCE.after(int(at.timestamp() * 1000))
    # In two halves: a sixth less for the whole identifier than cutting all of its digits into pieces.
    high = (millisecond << 16 | 0x7000 | tail >> 62).to_bytes(8).hex()
    low = (0b10 << 62 | tail & _LOW).to_bytes(8).hex("-", 6)
    return f"{high[:8]}-{high[8:12]}-{high[12:]}-{low}"
