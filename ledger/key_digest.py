"""KeyDigest: objects, collections and keys of replays as digests of one length, whose order is as good as random. Pure.

What is found by a digest is held to the evidence of the capture it names, which says the key itself.
"""

import hashlib

from ledger.kept import ObjectKey

Collection = tuple[str, str, str]
"""Run, provider and its name."""

_ERRORS = "surrogatepass"
"""Nothing can fail here: it would fail every commit."""

SIZE = 12
"""Octets. That two of ten million keys share a digest has a chance of one in 10^15."""


def object_digest(key: ObjectKey) -> bytes:
    """Of an object."""
    return CollectionDigest(key[:3]).of(key[3])


class CollectionDigest:
    """Of run, provider and collection, from which those of its objects begin: half of what each would take alone."""

    def __init__(self, within: Collection) -> None:
        self._begun = hashlib.blake2b(
            "".join([f"{part}\0" for part in within]).encode("utf-8", _ERRORS), digest_size=SIZE
        )
        self.own = self._begun.digest()

    def of(self, key: str) -> bytes:
        """Of an object in it."""
        digest = self._begun.copy()
        digest.update(key.encode("utf-8", _ERRORS))
        return digest.digest()


def replay_digest(key: str) -> bytes:
    """Of a replay's key, which is a digest of everything that tells it from others, the run too, in hexadecimal."""
    try:
        digest = bytes.fromhex(key[: 2 * SIZE])
    except ValueError:
        digest = b""
    return digest if len(digest) == SIZE else hashlib.blake2b(key.encode("utf-8", _ERRORS), digest_size=SIZE).digest()
