"""Watch: whether the file written to is still the one its name leads to. SQLite goes on writing to a deleted file."""

import os
from pathlib import Path


class Watch:
    """Remembers the ledger's file and its log by device and inode."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file = None if path is None else str(path)
        self._log = None if path is None else f"{path}-wal"
        self._known: tuple[int, int] | None = None
        self._known_log: tuple[int, int] | None = None

    def look(self) -> None:
        """Remember what is there now: right after opening."""
        self._known = _identity(self._file)
        self._known_log = _identity(self._log)

    def trouble(self) -> str | None:
        """A sentence where the file or its log was deleted or replaced underneath; None while all is as it was."""
        if self._path is None:
            return None
        found = _identity(self._file)
        if found != self._known:
            what = "was deleted" if found is None else "was replaced by another file"
            return f"the ledger's file {self._path} {what} while in use; restore it and restart Soundstage"
        log = _identity(self._log)
        if self._known_log is None:
            self._known_log = log
        elif log != self._known_log:
            return f"the ledger's log {self._log} was deleted or replaced while in use; restart Soundstage"
        return None


def _identity(file: str | None) -> tuple[int, int] | None:
    if file is None:
        return None
    try:
        state = os.stat(file)  # noqa: PTH116 - asked four times a commit: a Path takes three times as long
    except OSError:
        return None
    return state.st_dev, state.st_ino
