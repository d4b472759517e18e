"""Identifiers of captures: UUIDv7 as text (RFC 9562, 5.7), so that ids sort by time. Nothing else is named here."""

import threading
from datetime import datetime
from os import urandom

_RANDOM_BITS = 74
_RANDOM_OCTETS = 10
_BELOW_TOP = (1 << (_RANDOM_BITS - 1)) - 1
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
            tail = self._tail + 1 + self._random(_STEP_OCTETS) if millisecond <= self._millisecond else 0
            if tail == 0 or tail >> _RANDOM_BITS:
                self._millisecond = max(millisecond, self._millisecond + 1)
                # The top bit stays free, so that a millisecond has room for 2^41 steps.
                tail = self._random(_RANDOM_OCTETS) & _BELOW_TOP
            self._tail = tail
            return self._millisecond, tail

    def _random(self, size: int) -> int:
        at = self._used
        if at + size > len(self._octets):
            self._octets, at = urandom(_FETCHED), 0
        self._used = at + size
        return int.from_bytes(self._octets[at : at + size])


_SEQUENCE = _Sequence()


def new_id(at: datetime) -> str:
    """A UUIDv7 for something that happened at `at`; later calls in this process give greater ids."""
    millisecond, tail = _SEQUENCE.after(int(at.timestamp() * 1000))
    high, low = tail >> 62, tail & ((1 << 62) - 1)
    number = (millisecond << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
