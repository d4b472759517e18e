"""Body: the bytes of a request or a mail, held in memory or named by the file they were streamed to."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from policies.quick import quick

HELD_LIMIT = 8 * 1024 * 1024
"""Octets of a body that are held in memory until masked; a longer one is streamed or kept as digest and size alone."""

_BEGUN = hashlib.sha256()


@quick
@dataclass(frozen=True)
class Body:
    """What was sent, after transfer decoding. `data` is None where the body was longer than `HELD_LIMIT`."""

    data: bytes | None
    size: int
    sha256: str
    path: Path | None = None
    """A file holding a long body exactly as sent; None with `data` None means only digest and size are known."""

    @classmethod
    def of(cls, data: bytes) -> "Body":
        # A copy, because to begin one OpenSSL looks its algorithm up again: half of what a short body's digest costs.
        digest = _BEGUN.copy()
        digest.update(data)
        return cls(data, len(data), digest.hexdigest())


EMPTY = Body.of(b"")
