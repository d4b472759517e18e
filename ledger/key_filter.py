"""KeyFilter: which keys have surely never been seen, told without a look at the disk. A Bloom filter."""

from ledger.key_digest import replay_digest

_BITS = 23
_MASK = (1 << _BITS) - 1
_SHIFTS = (0, 20, 40)


def number_of(key: str) -> int:
    """What the filter knows of a key."""
    return int.from_bytes(replay_digest(key)[:8], "big")


def number_in(digest: bytes) -> int:
    """The same of its digest (`ledger.key_digest`)."""
    return int.from_bytes(digest[:8], "big")


class KeyFilter:
    """1 MB, however many keys. Beside a million known keys one new key in thirty is taken for known, never a known one
    for new."""

    def __init__(self) -> None:
        self.bits = bytearray(1 << (_BITS - 3))

    def add(self, number: int) -> None:
        """From now on the key of which this is the number may be known."""
        for shift in _SHIFTS:
            at = (number >> shift) & _MASK
            self.bits[at >> 3] |= 1 << (at & 7)

    def is_new(self, key: str) -> bool:
        """Whether it was surely not added before. It is now."""
        number, bits, new = number_of(key), self.bits, False
        for shift in _SHIFTS:
            at = (number >> shift) & _MASK
            if not bits[at >> 3] & 1 << (at & 7):
                bits[at >> 3] |= 1 << (at & 7)
                new = True
        return new

    def join(self, other: "KeyFilter") -> None:
        """From now on what the other may know may be known."""
        both = int.from_bytes(self.bits, "little") | int.from_bytes(other.bits, "little")
        self.bits[:] = both.to_bytes(len(self.bits), "little")

    def may_know(self, key: str) -> bool:
        """False only for a key that was never added."""
        number = number_of(key)
        for shift in _SHIFTS:
            at = (number >> shift) & _MASK
            if not self.bits[at >> 3] & 1 << (at & 7):
                return False
        return True
