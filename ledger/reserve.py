"""Reserve: room on the ledger's disk that is held for the day it is full. What is done in it is others'."""

import contextlib
import os
from pathlib import Path

LARGEST = 20 * 1024 * 1024
"""Octets: what the ledger's log grows to between two checkpoints, and some."""
SHARE = 4
"""Of a small disk, one in so many octets."""


class Reserve:
    """One file of zeros. Never more than half of what is free: it must not be what fills the disk."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "reserve"

    @property
    def octets(self) -> int:
        """Held now."""
        try:
            return self._file.stat().st_size
        except OSError:
            return 0

    def take(self) -> None:
        """Hold as much as there should be, or nearer to it than before. Where nothing can be had, nothing is said."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _grow(descriptor)
            finally:
                os.close(descriptor)

    def give_back(self) -> None:
        """For whoever needs it now; `take` has to follow."""
        with contextlib.suppress(OSError):
            os.truncate(self._file, 0)


def _grow(descriptor: int) -> None:
    disk, held = os.fstatvfs(descriptor), os.fstat(descriptor).st_size
    missing = min(LARGEST, disk.f_blocks * disk.f_frsize // SHARE) - held
    more = min(missing, disk.f_bavail * disk.f_frsize // 2)
    if more < disk.f_frsize:
        return
    try:
        os.posix_fallocate(descriptor, held, more)
    except OSError:
        os.ftruncate(descriptor, held)  # others were quicker, and part of it may have been had
