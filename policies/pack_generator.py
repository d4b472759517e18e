"""Generator: made-up identifiers in a provider's alphabets, the same again from the same seed."""

import hashlib
import string
from collections.abc import Callable

_UNKEYED = hashlib.blake2b()


def _letters(alphabet: str) -> "Callable[[Generator, int], str]":
    """So many letters of one alphabet, as a method that calls no other: each answer pays for it."""
    # Octets to letters. Uneven where the alphabet's size does not divide 256, which no identifier minds.
    table = bytes(ord(alphabet[octet % len(alphabet)]) for octet in range(256))

    def drawn(self: "Generator", size: int) -> str:
        at = self._at
        while at + size > len(self._pool):
            # Each digest is of the seed and of one octet more than the last. The same digest that makes the keys of
            # retries: another, such as SHAKE, costs ten times as much where nothing else of the request warms it.
            self._stream.update(b"+")
            self._pool = self._pool[at:] + self._stream.digest()
            at = 0
        self._at = at + size
        return self._pool[at : at + size].translate(table).decode("ascii")

    return drawn


class Generator:
    """A stream of identifiers. `keyed` is a BLAKE2b keyed with a secret, so that nobody can guess on."""

    __slots__ = ("_at", "_pool", "_stream")

    def __init__(self, seed: bytes, keyed: "hashlib.blake2b" = _UNKEYED) -> None:
        self._stream = keyed.copy()
        self._stream.update(seed)
        self._pool = b""
        self._at = 0

    hex = _letters("0123456789abcdef")
    b62 = _letters(string.digits + string.ascii_uppercase + string.ascii_lowercase)
    upper = _letters(string.digits + string.ascii_uppercase)
    digits = _letters(string.digits)

    def uuid(self) -> str:
        """In the form of a random UUID (RFC 9562, version 4)."""
        made = self.hex(32)
        return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-{'89ab'[int(made[16], 16) % 4]}{made[17:20]}-{made[20:]}"
