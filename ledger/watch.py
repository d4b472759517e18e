"""Watch: whether the file written to is still the one its name leads to. SQLite goes on writing to a deleted file."""

from pathlib import Path


class Watch:
    """Remembers the ledger's file and its log by device and inode."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._log = None if path is None else path.with_name(path.name + "-wal")
        self._known: tuple[int, int] | None = None
        self._known_log: tuple[int, int] | None = None

    def look(self) -> None:
        """Remember what is there now: right after opening."""
        self._known = _identity(self._path)
        self._known_log = _identity(self._log)

    def trouble(self) -> str | None:
        """A sentence where the file or its log was deleted or replaced underneath; None while all is as it was."""
        if self._path is None:
            return None
        found = _identity(self._path)
        if found != self._known:
            what = "was deleted" if found is None else "was replaced by another file"
            return f"the ledger's file {self._path} {what} while in use; restore it and restart Soundstage"
        log = _identity(self._log)
        if self._known_log is None:
            self._known_log = log
        elif log != self._known_log:
            return f"the ledger's log {self._log} was deleted or replaced while in use; restart Soundstage"
        return None


def _identity(path: Path | None) -> tuple[int, int] | None:
    try:
        state = path.stat() if path is not None else None
    except OSError:
        return None
    return None if state is None else (state.st_dev, state.st_ino)
