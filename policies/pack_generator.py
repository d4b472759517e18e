"""Generator: made-up identifiers in a provider's alphabets, the same again from the same seed."""

import hashlib
import string

_B62 = (string.digits + string.ascii_uppercase + string.ascii_lowercase).encode()
_UPPER = (string.digits + string.ascii_uppercase).encode()
_HEX = b"0123456789abcdef"


def _table(alphabet: bytes) -> bytes:
    """Octets to letters. Uneven where the alphabet's size does not divide 256, which no identifier minds."""
    return bytes(alphabet[octet % len(alphabet)] for octet in range(256))


_TO_B62, _TO_UPPER, _TO_HEX, _TO_DIGITS = _table(_B62), _table(_UPPER), _table(_HEX), _table(string.digits.encode())


_UNKEYED = hashlib.blake2b()


class Generator:
    """A stream of identifiers. `keyed` is a BLAKE2b keyed with a secret, so that nobody can guess on."""

    __slots__ = ("_at", "_pool", "_stream")

    def __init__(self, seed: bytes, keyed: "hashlib.blake2b" = _UNKEYED) -> None:
        self._stream = keyed.copy()
        self._stream.update(seed)
        self._pool = b""
        self._at = 0

    def hex(self, size: int) -> str:
        return self._draw(size).translate(_TO_HEX).decode("ascii")

    def b62(self, size: int) -> str:
        return self._draw(size).translate(_TO_B62).decode("ascii")

    def upper(self, size: int) -> str:
        return self._draw(size).translate(_TO_UPPER).decode("ascii")

    def digits(self, size: int) -> str:
        return self._draw(size).translate(_TO_DIGITS).decode("ascii")

    def uuid(self) -> str:
        """In the form of a random UUID (RFC 9562, version 4)."""
        made = self.hex(32)
        return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-{'89ab'[int(made[16], 16) % 4]}{made[17:20]}-{made[20:]}"

    def _draw(self, size: int) -> bytes:
        at = self._at
        while at + size > len(self._pool):
            # Each digest is of the seed and of one octet more than the last. The same digest that makes the keys of
            # retries: another, such as SHAKE, costs ten times as much where nothing else of the request warms it.
            self._stream.update(b"+")
            self._pool = self._pool[at:] + self._stream.digest()
            at = 0
        self._at = at + size
        return self._pool[at : at + size]
