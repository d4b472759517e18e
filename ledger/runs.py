"""Runs: whose traffic it is, judged by what a client claims. Open ones are held in memory: a request asks no database.

The gateway alone writes here. Finished runs live in the tables and nowhere else.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ledger import run_rows
from ledger.moment import DAY, microseconds
from ledger.run import NO_CANARIES, Owner, Run, RunConflict, RunWindow, UnknownRun, made_id
from ledger.run_archive import RunArchive
from ledger.run_attribution import WRONG_TOKEN, OpenRun, OpenRuns
from ledger.run_keys import RunKeys
from ledger.run_sources import read_sources
from ledger.run_troubles import RunTroubles
from ledger.store import Ledger
from policies.effect import UNATTRIBUTED
from policies.http_request import RunClaim

__all__ = ["OPEN_AT_MOST", "WRONG_TOKEN", "Owner", "Runs"]

OPEN_AT_MOST = DAY
"""Microseconds after which a run nobody finished no longer keeps its captures from retention."""
STRANGE = "something came by its own entrance with a wrong token, or that of a finished run, and is nobody's."


class Runs:
    """The runs of a ledger. Asking is for the loop's thread; what changes them blocks on the disk, one at a time.

    What changes them raises LedgerUnavailable where it cannot be written, and then nothing is changed.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.archive = RunArchive(ledger)
        self.troubles = RunTroubles(self.archive)
        self.keys = RunKeys.of(ledger.data_dir)
        self._changing = threading.RLock()
        self._open = OpenRuns(self.keys)
        self.finished: list[Callable[[str], None]] = []
        """Told the id of each run that ends, by whichever thread ended it."""
        self.refresh()

    def refresh(self) -> None:
        """Read the open ones anew."""
        with self.archive.reading() as connection:
            kept, windows = run_rows.open_runs(connection), run_rows.open_windows(connection)
        by_run = {window.run: window for window in windows}
        self._open = OpenRuns(self.keys)
        for run in kept:
            self._open.add(run, by_run.get(run.id))

    def run_of(self, claim: RunClaim | None, source: str) -> Owner:
        """Whom a client's effects belong to: what it claims, else what its entrance does, else who claims its address.

        An open run with a wrong token is unattributed and flagged. So is, without a flag, a run that is finished: what
        it left behind is nobody else's, whatever address it comes from. By another run's own entrance either is a gap
        in that one's evidence.
        """
        owner, wronged = self._open.judged(claim, source)
        if wronged is not None:
            wronged.wrong_tokens += 1
        entered = self._open.entered(claim) if owner.run == UNATTRIBUTED else None
        if entered is not None:
            # Nobody else can use that entrance, so that what is nobody's there is most likely this run's.
            now = datetime.now(UTC)
            self.troubles.note((entered.run.id,), now, now, STRANGE)
        return owner

    def looked_up(self, claim: RunClaim | None, source: str) -> str:
        """The run's id alone, and nothing is counted."""
        return self._open.judged(claim, source)[0].run

    def booked_to(self, claim: RunClaim | None, source: str) -> str:
        """The run with its window that is open, as one text, and nothing is counted."""
        owner = self._open.judged(claim, source)[0]
        return owner.run if owner.window is None else f"{owner.run}/{owner.window}"

    def missed(self, run_id: str, at: datetime, why: str) -> None:
        """Note that an effect could not be recorded: of this run, or of any that is open where nobody claimed it."""
        self.troubles.note(self.open_ids if run_id == UNATTRIBUTED else (run_id,), at, at, why)

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Of the runs that are open now."""
        return self._open.ids

    def held(self, run_id: str) -> OpenRun | None:
        """One that is open, as memory holds it."""
        return self._open.get(run_id)

    def claimed_by(self, source: str) -> str | None:
        """The run that claims an address, or None."""
        return self._open.claimed_by(source)

    def open(
        self,
        run_id: str,
        name: str,
        at: datetime,
        *,
        sources: Sequence[str] = (),
        canaries: bool = False,
        services: Sequence[str] = (),
    ) -> Run:
        """Begin a run. RunConflict: the id is taken, or another run claims a source. ValueError: a source is none."""
        networks = read_sources(sources)
        with self._changing:
            self._open.prove_free(networks)
            with self.archive.writing() as connection:
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
                )
                run_rows.put_run(connection, run)
            self._open.add(run)
            return run

    def finish(self, run_id: str, verdict: str | None, at: datetime) -> Run:
        """End a run, and the window that is open on it. Ending one twice is ending it once. UnknownRun."""
        with self._changing:
            held = self._open.get(run_id)
            with self.archive.writing() as connection:
                if held is not None:
                    seq = run_rows.last_seq(connection)
                    self._write_wrong_tokens(connection, held)
                    run_rows.close_windows(connection, run_id, at, seq)
                    ended = {"finished_at": microseconds(at), "finished_seq": seq, "verdict": verdict}
                    run_rows.change_run(connection, run_id, **ended)
                run = run_rows.find_run(connection, run_id)
            if run is None:
                raise UnknownRun(f"there is no run {run_id[:100]!r}")
            if held is not None:
                self._open.drop(run_id)
                for tell in self.finished:
                    tell(run_id)
            return run

    def expire(self, now: datetime) -> list[str]:
        """End as inconclusive what has been open for too long; returns their ids."""
        longest = timedelta(microseconds=OPEN_AT_MOST)
        late = [held.run.id for held in self._open.all() if now - held.run.opened_at >= longest]
        for run_id in late:
            self.finish(run_id, "inconclusive", now)
        return late

    def open_window(self, run_id: str, name: str, at: datetime) -> RunWindow:
        """Book what comes from now on to a window. RunConflict where one is open; UnknownRun."""
        with self._changing:
            held = self._held(run_id)
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
            held = self._held(run_id)
            with self.archive.writing() as connection:
                run_rows.change_run(connection, run_id, contained=how)
            held.run = replace(held.run, contained=how)
            return held.run

    def change(self, run_id: str, **details: Any) -> Run:
        """Note `listener`, `canaries` or `services` of an open run."""
        with self._changing:
            held = self._held(run_id)
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
        changed = [held for held in self._open.all() if held.wrong_tokens > held.written]
        if changed:
            with self._changing, self.archive.writing() as connection:
                for held in changed:
                    self._write_wrong_tokens(connection, held)

    def _held(self, run_id: str) -> OpenRun:
        held = self._open.get(run_id)
        if held is not None:
            return held
        if self.archive.find(run_id) is None:
            raise UnknownRun(f"there is no run {run_id[:100]!r}")
        raise RunConflict(f"the run {run_id!r} is finished")

    def _write_wrong_tokens(self, connection: Connection, held: OpenRun) -> None:
        seen = held.wrong_tokens
        if seen > held.written:
            run_rows.count_wrong_tokens(connection, held.run.id, seen - held.written)
            held.written = seen
