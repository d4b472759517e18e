"""Reports of `soundstage doctor`, as files of the data directory: what an environment was like when somebody looked."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.identifier import new_id
from ledger.synced import make_folder, replace_file
from ledger.trouble import LedgerUnavailable

FOLDER = "doctor"
KEPT = 50
"""The newest; older ones go."""
_ID = re.compile(r"[0-9a-f-]{36}")


class DoctorReports:
    """Written and read by the dashboard alone. Raises LedgerUnavailable where the disk does not let it."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def put(self, report: dict[str, Any]) -> dict[str, Any]:
        """Keep one; returns it with its id and when it came."""
        at = datetime.now(UTC)
        kept = {"id": new_id(at), "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), **report}
        try:
            make_folder(self._folder)
            replace_file(self._folder / f"{kept['id']}.json", json.dumps(kept).encode())
            for old in self._files()[KEPT:]:
                old.unlink(missing_ok=True)
        except OSError as trouble:
            raise LedgerUnavailable(f"the report cannot be kept: {trouble.strerror}") from trouble
        return kept

    def latest(self) -> list[dict[str, Any]]:
        """The newest first."""
        return [read for path in self._files() if (read := _read(path)) is not None]

    def ids(self) -> list[str]:
        """The newest first, without reading them."""
        return [path.stem for path in self._files()]

    def get(self, report_id: str) -> dict[str, Any] | None:
        """One, by its id."""
        return _read(self._folder / f"{report_id}.json") if _ID.fullmatch(report_id) else None

    def _files(self) -> list[Path]:
        """Their ids rise with time."""
        return sorted(self._folder.glob("*.json"), reverse=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        read = json.loads(path.read_bytes())
    except (OSError, ValueError):  # gone, or of a disk that was full
        return None
    return read if isinstance(read, dict) else None
