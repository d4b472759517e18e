"""RequestBody: a request's body on its way in, at flat memory: held, or spooled to a file nobody else can open.

All of it is here before anything is decided, so that the decision sees the whole and nothing streams past it.
"""

import hashlib
import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol, cast

from policies.body import HELD_LIMIT, Body

IN_MEMORY = 1024 * 1024
BODY_LIMIT = 1024 * 1024 * 1024
CHUNK = 256 * 1024


class Intake(Protocol):
    """Where the ledger takes in a body that is kept exactly as sent."""

    def write(self, chunk: bytes, /) -> None: ...

    def finish(self) -> Body: ...

    def abandon(self) -> None: ...


class RequestBody:
    """Written chunk by chunk, finished once, then read as often as needed."""

    def __init__(
        self, intake: Callable[[], Intake | None] | None = None, *, spool: Path | None = None, limit: int = BODY_LIMIT
    ) -> None:
        """`intake` is asked once, if the body turns out longer than is held; None keeps digest and size alone."""
        self._spool = None if spool is None else str(spool)
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._open_intake = intake
        self._intake: Intake | None = None
        self._limit = limit
        self.size = 0
        self.too_long = False
        """More was sent than is taken; what is here is its beginning."""

    def write(self, data: bytes) -> None:
        """Take a chunk; beyond the limit it is counted and dropped."""
        self.size += len(data)
        self._digest.update(data)
        if self.size > self._limit:
            self.too_long = True
            return
        self._hold(data)
        if self._intake is not None:
            self._intake.write(data)
        elif self.size > HELD_LIMIT and self._open_intake is not None:
            self._start_intake(self._open_intake)

    def _hold(self, data: bytes) -> None:
        if self._file is None:
            self._memory += data
            if len(self._memory) <= IN_MEMORY:
                return
            # It lives as long as the request, not as long as a block, and is closed with the last reference to that.
            self._file = cast("IO[bytes]", tempfile.TemporaryFile(dir=self._spool))  # noqa: SIM115
            weakref.finalize(self, self._file.close)
            data = bytes(self._memory)
            self._memory.clear()
        self._file.write(data)

    def _start_intake(self, open_intake: Callable[[], Intake | None]) -> None:
        self._open_intake = None
        self._intake = open_intake()
        if self._intake is not None:
            for chunk in self.chunks():
                self._intake.write(chunk)

    def finish(self) -> Body:
        """The body as it is described: held where it is short, else its digest, size and, if kept, file."""
        if self.too_long:
            if self._intake is not None:
                self._intake.abandon()
            return Body(None, self.size, self._digest.hexdigest())
        if self._intake is not None:
            return self._intake.finish()
        if self.size > HELD_LIMIT:
            return Body(None, self.size, self._digest.hexdigest())
        return Body(b"".join(self.chunks()), self.size, self._digest.hexdigest())

    def chunks(self) -> Iterator[bytes]:
        """What was written, from its beginning, in pieces of at most `CHUNK` octets."""
        if self._file is None:
            for start in range(0, len(self._memory), CHUNK):
                yield bytes(self._memory[start : start + CHUNK])
            return
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            yield chunk
