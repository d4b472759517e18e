"""Runs: whose traffic it is, judged by what a client claims. Open ones are held in memory: a request asks no database.

The gateway alone writes here. Finished runs live in the tables and nowhere else.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ledger import run_rows
from ledger.moment import DAY, microseconds
from ledger.run import NO_CANARIES, Owner, Run, RunConflict, RunWindow, UnknownRun, made_id
from ledger.run_archive import RunArchive
from ledger.run_attribution import WRONG_TOKEN, OpenRun, OpenRuns
from ledger.run_family import prove_openable
from ledger.run_keys import RunKeys
from ledger.run_lookup import STRANGE, RunLookup
from ledger.run_sources import read_sources
from ledger.run_troubles import RunTroubles
from ledger.store import Ledger
from policies.effect import UNATTRIBUTED

__all__ = ["OPEN_AT_MOST", "STRANGE", "WRONG_TOKEN", "Owner", "Runs"]

OPEN_AT_MOST = DAY
"""Microseconds after which a run nobody finished no longer keeps its captures from retention."""


class Runs(RunLookup):
    """The runs of a ledger. Asking is for the loop's thread; what changes them blocks on the disk, one at a time.

    What changes them raises LedgerUnavailable where it cannot be written, and then nothing is changed.
    """

    def __init__(self, ledger: Ledger) -> None:
        archive = RunArchive(ledger)
        super().__init__(archive, RunTroubles(archive), RunKeys.of(ledger.data_dir))
        self._changing = threading.RLock()
        self.finished: list[Callable[[str], None]] = []
        """Told the id of each run that ends, by whichever thread ended it."""
        self.refresh()

    def refresh(self) -> None:
        """Read the open ones anew."""
        with self.archive.reading() as connection:
            kept, windows = run_rows.open_runs(connection), run_rows.open_windows(connection)
            left_behind = run_rows.children_of_open(connection)
        by_run = {window.run: window for window in windows}
        self._open = OpenRuns(self.keys)
        for run in kept:
            self._open.add(run, by_run.get(run.id))
        for run in left_behind:
            self._open.inherit(run.id, run.parent or "")

    def open(
        self,
        run_id: str,
        name: str,
        at: datetime,
        *,
        sources: Sequence[str] = (),
        canaries: bool = False,
        services: Sequence[str] = (),
        parent: str | None = None,
        lease: float | None = None,
    ) -> Run:
        """Begin a run. RunConflict: the id is taken, or another run claims a source. ValueError: a source is none.

        `parent`: the open run that it is opened inside of (`ledger.run_family`); UnknownRun. `lease`: in seconds.
        """
        networks = read_sources(sources)
        with self._changing:
            around = None if parent is None else self.opened(parent).run
            self._open.prove_free(networks)
            with self.archive.writing() as connection:
                if around is not None:
                    prove_openable(connection, around, sources=sources, services=services)
                if run_id == UNATTRIBUTED or run_rows.find_run(connection, run_id) is not None:
                    raise RunConflict(f"there is a run {run_id!r} already; choose another id")
                run = Run(
                    id=run_id,
                    name=name,
                    opened_at=at,
                    opened_seq=run_rows.last_seq(connection),
                    sources=tuple(str(network) for network in networks),
                    canaries=NO_CANARIES if canaries else None,
                    services=tuple(services),
                    parent=parent,
                    lease=lease,
                )
                run_rows.put_run(connection, run)
            self._open.add(run)
            return run

    def finish(self, run_id: str, verdict: str | None, at: datetime, ended: str | None = None) -> Run:
        """End a run, those inside it, and the windows open on them. Ending one twice is ending it once. UnknownRun.

        `ended`: of `ledger.run.ENDED`, where its owner did not end it. A verdict that is `clean` is kept as
        `inconclusive` where the evidence has a gap: it may have come since the run was judged.
        """
        with self._changing:
            inside = [self.opened(one) for one in self._open.family(run_id)[1:]]
            held = self._open.get(run_id)
            with self.archive.writing() as connection:
                for child in inside:
                    self._end(connection, child, "inconclusive", at, ended or "parent")
                if held is not None:
                    self._end(connection, held, _borne_out(connection, held, verdict), at, ended)
                run = run_rows.find_run(connection, run_id)
            if run is None:
                raise UnknownRun(f"there is no run {run_id[:100]!r}")
            for gone in (*inside, *([] if held is None else [held])):
                self._open.drop(gone.run.id)
                for tell in self.finished:
                    tell(gone.run.id)
            return run

    def _end(self, connection: Connection, held: OpenRun, verdict: str | None, at: datetime, ended: str | None) -> None:
        run, seq = held.run, run_rows.last_seq(connection)
        run_rows.close_windows(connection, run.id, at, seq)
        columns = {
            "finished_at": microseconds(at),
            "finished_seq": seq,
            "verdict": verdict,
            "details": run_rows.details_of(replace(run, ended=ended)),
            "wrong_tokens": held.wrong_tokens,
        }
        run_rows.change_run(connection, run.id, **columns)

    def expire(self, now: datetime) -> list[str]:
        """End as inconclusive what has been open for too long; returns their ids."""
        longest = timedelta(microseconds=OPEN_AT_MOST)
        late = [held.run.id for held in self._open.all() if now - held.run.opened_at >= longest]
        for run_id in late:
            self.finish(run_id, "inconclusive", now, "expired")
        return late

    def open_window(self, run_id: str, name: str, at: datetime) -> RunWindow:
        """Book what comes from now on to a window. RunConflict where one is open; UnknownRun."""
        with self._changing:
            held = self.opened(run_id)
            if held.window is not None:
                raise RunConflict(
                    f"the window {held.window.name!r} ({held.window.id}) is open on the run {run_id!r}; close it first"
                )
            with self.archive.writing() as connection:
                window = RunWindow(made_id("w-"), run_id, name, at, run_rows.last_seq(connection))
                run_rows.put_window(connection, window)
            held.window = window
            return window

    def close_window(self, run_id: str, window_id: str, at: datetime) -> RunWindow:
        """Book nothing more to it. Closing twice is closing once. UnknownRun for a run or a window that is none."""
        with self._changing:
            held = self._open.get(run_id)
            if held is not None and held.window is not None and held.window.id == window_id:
                with self.archive.writing() as connection:
                    run_rows.close_windows(connection, run_id, at, run_rows.last_seq(connection))
                held.window = None
        told = self.archive.find(run_id)
        for window in () if told is None else told.windows:
            if window.id == window_id:
                return window
        raise UnknownRun(f"there is no window {window_id[:100]!r} of the run {run_id!r}")

    def contained(self, run_id: str, how: str) -> Run:
        """Note that nothing of the run can go round Soundstage: `namespace`, or `doctor` where that was shown."""
        if how not in ("no", "namespace", "doctor"):
            raise ValueError(f"{how[:40]!r} is no way to contain a run: it is namespace or doctor")
        with self._changing:
            held = self.opened(run_id)
            with self.archive.writing() as connection:
                run_rows.change_run(connection, run_id, contained=how)
            held.run = replace(held.run, contained=how)
            return held.run

    def change(self, run_id: str, **details: Any) -> Run:
        """Note `listener`, `canaries` or `services` of an open run."""
        with self._changing:
            held = self.opened(run_id)
            changed = replace(held.run, **details)
            with self.archive.writing() as connection:
                run_rows.change_run(connection, run_id, details=run_rows.details_of(changed))
            held.run = changed
            return changed

    def canary(self, run_id: str, moment: str, way: str) -> bool:
        """Note that one arrived; durable when this returns. False where the run expects none.

        Without a moment there is nothing to note: a lookup of the canaries' name.
        """
        with self._changing:
            held = self._open.get(run_id)
            known = None if held is None else held.run.canaries
            if known is None or (moment and way not in known.get(moment, {})):
                return False
            if not moment:
                return True
            if not known[moment][way]:
                self.change(run_id, canaries={**known, moment: {**known[moment], way: True}})
            return True

    def write_counts(self) -> None:
        """Write down how often tokens were wrong, where that has changed."""
        with self._changing:
            changed = [(held, held.wrong_tokens) for held in self._open.all() if held.wrong_tokens > held.written]
            if not changed:
                return
            with self.archive.writing() as connection:
                for held, seen in changed:
                    run_rows.change_run(connection, held.run.id, wrong_tokens=seen)
            for held, seen in changed:
                held.written = seen

    def opened(self, run_id: str) -> OpenRun:
        """One that is open. RunConflict where it is finished; UnknownRun."""
        held = self._open.get(run_id)
        if held is not None:
            return held
        if self.archive.find(run_id) is None:
            raise UnknownRun(f"there is no run {run_id[:100]!r}")
        raise RunConflict(f"the run {run_id!r} is finished")


def _borne_out(connection: Connection, held: OpenRun, verdict: str | None) -> str | None:
    """What is kept of the verdict that its owner came to. No judgement calls a run clean that has a gap."""
    gaps = run_rows.gaps_of(connection, [held.run.id])
    return "inconclusive" if verdict == "clean" and (gaps or held.wrong_tokens) else verdict
