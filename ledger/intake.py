"""BodyIntake: one body as it comes in, in flat memory however long it gets."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from ledger.trouble import LedgerUnavailable
from policies.body import EMPTY, HELD_LIMIT, Body


class BodyIntake:
    """Holds up to `HELD_LIMIT` octets; beyond, streams to a 0600 file of `incoming`, or keeps digest and size alone.

    Use: `write` each chunk, then `finish` once, or `abandon`. Disk errors are LedgerUnavailable; after one, `abandon`.
    """

    def __init__(self, incoming: Path | None, *, held_limit: int = HELD_LIMIT) -> None:
        self._incoming = incoming
        self._limit = held_limit
        self._held: list[bytes] = []
        self._size = 0
        self._digest = hashlib.sha256()
        self._spilled = False
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    @property
    def size(self) -> int:
        """Octets so far."""
        return self._size

    def write(self, chunk: bytes) -> None:
        """Take the next octets."""
        self._size += len(chunk)
        self._digest.update(chunk)  # now, while it is in the processor's cache
        if self._spilled:
            self._stream(chunk)
        else:
            self._held.append(bytes(chunk))
            if self._size > self._limit:
                self._spill()

    def finish(self) -> Body:
        """The whole body. A streamed file is synced when the ledger adopts it, not here."""
        if not self._spilled:
            return Body(b"".join(self._held), self._size, self._digest.hexdigest()) if self._size else EMPTY
        self._close()
        return Body(None, self._size, self._digest.hexdigest(), self._path)

    def abandon(self) -> None:
        """Forget it: the client went away, or said something that is no body."""
        self._held.clear()
        self._close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _spill(self) -> None:
        self._spilled = True
        held = b"".join(self._held)
        self._held.clear()
        if self._incoming is not None:
            self._path = self._incoming / f"body-{secrets.token_hex(12)}"
            self._open(self._path)
            self._stream(held)

    def _open(self, path: Path) -> None:
        try:
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise _unavailable(path, error) from error

    def _stream(self, chunk: bytes) -> None:
        if self._file is None:
            return
        try:
            self._file.write(chunk)
        except OSError as error:
            raise _unavailable(self._path, error) from error

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError as error:
            raise _unavailable(self._path, error) from error


def _unavailable(path: Path | None, error: OSError) -> LedgerUnavailable:
    return LedgerUnavailable(f"a body cannot be received into {path} ({error.strerror or error})")
