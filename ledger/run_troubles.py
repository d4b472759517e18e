"""RunTroubles: gaps that are known and not written yet, because the ledger itself may be the trouble."""

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from ledger.run import RunGap
from ledger.run_archive import RunArchive

JOINED = timedelta(seconds=2)
MOST = 20
"""Of one run, until they are written: the last then grows."""


class RunTroubles:
    """Noted by any thread, in memory alone; written down when that is possible."""

    def __init__(self, archive: RunArchive) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._pending: dict[str, list[RunGap]] = {}

    def note(self, run_ids: Iterable[str], at: datetime, until: datetime, why: str) -> None:
        """Remember it of each of these runs."""
        with self._lock:
            for run_id in run_ids:
                gaps = self._pending.setdefault(run_id, [])
                last = gaps[-1] if gaps else None
                if last is not None and (len(gaps) >= MOST or (last.why == why and at <= last.until + JOINED)):
                    gaps[-1] = RunGap(min(last.at, at), max(last.until, until), last.why)
                else:
                    gaps.append(RunGap(at, until, why))

    def pending(self, run_id: str) -> tuple[RunGap, ...]:
        """What is not written yet of a run."""
        return tuple(self._pending.get(run_id, ()))

    def write(self) -> None:
        """Write all of it. Blocks on the disk; raises LedgerUnavailable, and keeps what it could not write."""
        with self._writing:  # two at once would each write the same
            self._write()

    def _write(self) -> None:
        with self._lock:
            known = [(run_id, gap) for run_id, gaps in self._pending.items() for gap in gaps]
        for run_id, gap in known:
            # Not under the lock: whoever notes trouble answers traffic, and must not wait for the disk.
            self._archive.gap([run_id], gap)
            with self._lock:
                left = [other for other in self._pending[run_id] if other is not gap]
                if left:
                    self._pending[run_id] = left
                else:
                    del self._pending[run_id]

    def __len__(self) -> int:
        """Runs of which something is pending."""
        return len(self._pending)
