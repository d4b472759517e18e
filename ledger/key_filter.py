"""KeyFilter: which keys have surely never been seen, told without a look at the disk. A Bloom filter."""

_BITS = 23
_MASK = (1 << _BITS) - 1
_SHIFTS = (0, 20, 40)


class KeyFilter:
    """1 MB, however many keys. Beside a million known keys one new key in thirty is taken for known, never a known one
    for new."""

    def __init__(self) -> None:
        self._bits = bytearray(1 << (_BITS - 3))

    def add(self, key: str) -> None:
        """From now on `key` may be known."""
        number = hash(key)
        for shift in _SHIFTS:
            at = (number >> shift) & _MASK
            self._bits[at >> 3] |= 1 << (at & 7)

    def may_know(self, key: str) -> bool:
        """False only for a key that was never added."""
        number = hash(key)
        for shift in _SHIFTS:
            at = (number >> shift) & _MASK
            if not self._bits[at >> 3] & 1 << (at & 7):
                return False
        return True
