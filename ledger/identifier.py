"""Identifiers of captures: UUIDv7 as text (RFC 9562, 5.7), so that ids sort by time. Nothing else is named here."""

import threading
from datetime import datetime
from os import urandom

from ledger.moment import microseconds

_MOST_NUMBERED = 0xFFF


class _Sequence:
    """The last id given out, so that ids of one process only ever rise, also when the clock goes back.

    With a counter of fixed length (RFC 9562, 6.2, method 1): twelve bits count on, whatever the millisecond; the 62
    after them are random, and others when the counter starts again. Drawn for each id, they cost a third of it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = 0
        self._number = _MOST_NUMBERED
        self._high, self._start = -1, ""
        """What a minute of milliseconds has in common, and as text."""
        self._end = ""

    def new_id(self, at: datetime) -> str:
        """A UUIDv7 for something that happened at `at`, or in the last id's millisecond, whichever is later."""
        millisecond = microseconds(at) // 1000
        with self._lock:
            if self._number == _MOST_NUMBERED:
                # Of one millisecond no two ids are told apart by their end: it would not say which came first.
                millisecond = max(millisecond, self._millisecond + 1)
                self._number, self._end = -1, _random_end()
            if millisecond > self._millisecond:
                self._millisecond = millisecond
            else:
                millisecond = self._millisecond
            if millisecond >> 16 != self._high:
                self._high = millisecond >> 16
                self._start = f"{self._high:08x}"
            self._number = number = self._number + 1
            counted = ((millisecond & 0xFFFF) << 16 | 0x7000 | number).to_bytes(4).hex("-", 2)
            return f"{self._start}-{counted}-{self._end}"


def _random_end() -> str:
    """`8a1b-2c3d4e5f6071`: two bits that say which UUID it is, and 62 random ones."""
    return (0b10 << 62 | int.from_bytes(urandom(8)) >> 2).to_bytes(8).hex("-", 6)


new_id = _Sequence().new_id
"""A UUIDv7 for something that happened at a moment; later calls in this process give greater ids."""
