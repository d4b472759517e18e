"""NameFile: which address each name was given, kept across restarts as lines that are only ever added.

A line is an address, the time (seconds since 1970) and the name; of several for one address or name the last counts.
It is not forced to the disk before the answer goes out: addresses are derived from names, so that what a power failure
takes of this file is given anew as it was, but for names that had to make way for each other.
"""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ledger.trouble import LedgerUnavailable

_log = logging.getLogger(__name__)
FILE = "names"
SLACK = 10_000
"""Lines beyond those that count which the file may have before it is written anew at a start."""


@dataclass(frozen=True, slots=True)
class Given:
    """One address given to one name."""

    address: str
    at: int
    name: str

    @property
    def line(self) -> str:
        return f"{self.address} {self.at} {self.name}\n"


class NameFile:
    """Read once at start, written to by the one gateway that holds the directory."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE
        self._file: int | None = None

    def read(self) -> list[Given]:
        """What was given, the last one last. Raises LedgerUnavailable. A line that a crash cut off is passed over."""
        try:
            text = self._path.read_text("ascii", errors="replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(error) from error
        whole, _, torn = text.rpartition("\n")
        lines = whole.split("\n") if whole else []
        found = [given for line in lines if (given := _read(line)) is not None]
        if torn or len(found) < len(lines):
            _log.warning("%s: %d lines cannot be read", self._path, len(lines) - len(found) + bool(torn))
            self._end_line(torn)
        return found

    def rewrite(self, given: Iterable[Given]) -> None:
        """Keep exactly these. Whole or not at all."""
        fresh = self._path.with_suffix(".fresh")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
                out.writelines(each.line for each in given)
                out.flush()
                os.fsync(out.fileno())
            self.close()
            fresh.replace(self._path)
        except OSError as error:
            raise self._unusable(error) from error

    def add(self, given: Given) -> None:
        """Add a line; it survives the process. Raises LedgerUnavailable: the address must not be given out then."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            octets = given.line.encode("ascii")
            if os.write(self._file, octets) < len(octets):
                raise OSError(None, "the disk is full")
        except (OSError, UnicodeEncodeError) as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Closing twice is closing once."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _end_line(self, torn: str) -> None:
        """What is added must not become the end of half a line."""
        if not torn:
            return
        try:
            with self._path.open("a", encoding="ascii") as out:
                out.write("\n")
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> LedgerUnavailable:
        why = getattr(error, "strerror", None) or str(error)
        return LedgerUnavailable(f"the names that addresses were given to, {self._path}, cannot be kept ({why})")


def _read(line: str) -> Given | None:
    parts = line.split(" ")
    if len(parts) != 3 or not all(parts) or not parts[1].isdigit():
        return None
    return Given(parts[0], int(parts[1]), parts[2])
