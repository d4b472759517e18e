"""Generator: made-up identifiers in a provider's alphabets, the same again from the same seed."""

import hashlib
import string

_B62 = (string.digits + string.ascii_uppercase + string.ascii_lowercase).encode()
_UPPER = (string.digits + string.ascii_uppercase).encode()
_HEX = b"0123456789abcdef"
_DRAWN_AT_ONCE = 320
"""Octets made at a time: enough for the identifiers of most answers, in one call."""


def _table(alphabet: bytes) -> bytes:
    """Octets to letters. Uneven where the alphabet's size does not divide 256, which no identifier minds."""
    return bytes(alphabet[octet % len(alphabet)] for octet in range(256))


_TO_B62, _TO_UPPER, _TO_HEX, _TO_DIGITS = _table(_B62), _table(_UPPER), _table(_HEX), _table(string.digits.encode())


class Generator:
    """A stream of identifiers. `seed` is a digest keyed with the run's secret, so that nobody can guess on."""

    __slots__ = ("_at", "_drawn", "_letters", "_pool", "_seed")

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._drawn = 0
        self._pool = b""
        self._letters = ""
        """The pool in base 62: most identifiers are, and so each is one cut out of it."""
        self._at = 0

    def hex(self, size: int) -> str:
        return self._draw(size).translate(_TO_HEX).decode("ascii")

    def b62(self, size: int) -> str:
        end = self._at + size
        if end > len(self._letters):
            self._refill()
            end = size
        drawn = self._letters[self._at : end]
        self._at = end
        return drawn

    def upper(self, size: int) -> str:
        return self._draw(size).translate(_TO_UPPER).decode("ascii")

    def digits(self, size: int) -> str:
        return self._draw(size).translate(_TO_DIGITS).decode("ascii")

    def uuid(self) -> str:
        """In the form of a random UUID (RFC 9562, version 4)."""
        made = self.hex(32)
        return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-{'89ab'[int(made[16], 16) % 4]}{made[17:20]}-{made[20:]}"

    def _draw(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._pool):
            self._refill()
            end = size
        drawn = self._pool[self._at : end]
        self._at = end
        return drawn

    def _refill(self) -> None:
        self._drawn += 1
        self._pool = hashlib.shake_128(self._seed + self._drawn.to_bytes(8)).digest(_DRAWN_AT_ONCE)
        self._letters = self._pool.translate(_TO_B62).decode("ascii")
        self._at = 0
