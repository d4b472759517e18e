"""Rows of runs: what the tables hold of runs, their windows and gaps, read and written in a caller's transaction."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from ledger.moment import microseconds, moment
from ledger.run import Run, RunGap, RunWindow
from ledger.tables import captures, counters, run_gaps, run_windows, runs

GAP_JOINED = 2_000_000
"""Microseconds: gaps for one reason that follow each other this closely are one gap."""
MOST_GAPS = 100
"""Of one run; the last of them then grows, so that trouble without end does not fill the ledger."""


def last_seq(connection: Connection) -> int:
    """The number last given to a capture, as this transaction sees it."""
    return int(connection.execute(select(counters.c.value).where(counters.c.name == "seq")).scalar() or 0)


def last_sign(connection: Connection) -> datetime:
    """When the newest capture that is still here came: until then the gateway was alive."""
    return moment(int(connection.execute(select(func.max(captures.c.at))).scalar() or 0))


def put_run(connection: Connection, run: Run) -> None:
    """Write a new one."""
    row = {
        "id": run.id,
        "name": run.name,
        "opened_at": microseconds(run.opened_at),
        "opened_seq": run.opened_seq,
        "contained": run.contained,
        "details": details_of(run),
        "parent": run.parent,
    }
    connection.execute(insert(runs), row)


def details_of(run: Run) -> str:
    """What nothing is asked by."""
    told = {
        "sources": list(run.sources),
        "listener": None if run.listener is None else dict(run.listener),
        "canaries": None if run.canaries is None else {moment: dict(ways) for moment, ways in run.canaries.items()},
        "services": list(run.services),
        "lease": run.lease,
        "ended": run.ended,
    }
    return json.dumps({name: value for name, value in told.items() if value is not None and value != []})


def change_run(connection: Connection, run_id: str, **columns: Any) -> None:
    """Set columns of one that is open."""
    connection.execute(update(runs).where(runs.c.id == run_id, runs.c.finished_at.is_(None)).values(columns))


def put_window(connection: Connection, window: RunWindow) -> None:
    """Write a new one."""
    row = {
        "id": window.id,
        "run": window.run,
        "name": window.name,
        "opened_at": microseconds(window.opened_at),
        "opened_seq": window.opened_seq,
    }
    connection.execute(insert(run_windows), row)


def close_windows(connection: Connection, run_id: str, at: datetime, seq: int) -> None:
    """Close what is open of a run."""
    open_ones = (run_windows.c.run == run_id, run_windows.c.closed_at.is_(None))
    connection.execute(update(run_windows).where(*open_ones).values(closed_at=microseconds(at), closed_seq=seq))


def put_gap(connection: Connection, run_id: str, gap: RunGap) -> None:
    """Write a gap, or let the run's last one grow where it is the same trouble, or where there are too many."""
    of_run = select(run_gaps).where(run_gaps.c.run == run_id).order_by(run_gaps.c.number.desc()).limit(1)
    last = connection.execute(of_run).mappings().first()
    at, until = microseconds(gap.at), microseconds(gap.until)
    if last is not None and (_same_trouble(last, gap.why, at) or last["number"] >= MOST_GAPS):
        grown = {"at": min(at, last["at"]), "until": max(until, last["until"])}
        where = (run_gaps.c.run == run_id, run_gaps.c.number == last["number"])
        connection.execute(update(run_gaps).where(*where).values(grown))
        return
    number = 1 if last is None else last["number"] + 1
    connection.execute(insert(run_gaps), {"run": run_id, "number": number, "at": at, "until": until, "why": gap.why})


def _same_trouble(last: Mapping[Any, Any], why: str, at: int) -> bool:
    return bool(last["why"] == why and at <= last["until"] + GAP_JOINED)


def open_runs(connection: Connection) -> list[Run]:
    """Every run that is not finished."""
    return [run_by(row) for row in connection.execute(select(runs).where(runs.c.finished_at.is_(None))).mappings()]


def open_windows(connection: Connection) -> list[RunWindow]:
    """Every window that is not closed."""
    statement = select(run_windows).where(run_windows.c.closed_at.is_(None))
    return [_window_by(row) for row in connection.execute(statement).mappings()]


def find_run(connection: Connection, run_id: str) -> Run | None:
    """One by its id."""
    row = connection.execute(select(runs).where(runs.c.id == run_id)).mappings().first()
    return None if row is None else run_by(row)


def runs_among(connection: Connection, ids: Iterable[str]) -> dict[str, Run]:
    """Those of the ids that are runs', by them."""
    statement = select(runs).where(runs.c.id.in_(list(ids)))
    return {row["id"]: run_by(row) for row in connection.execute(statement).mappings()}


def windows_of(connection: Connection, run_ids: Iterable[str]) -> dict[str, list[RunWindow]]:
    """Of these runs, by them, each in order."""
    windows = select(run_windows).where(run_windows.c.run.in_(list(run_ids)))
    windows = windows.order_by(run_windows.c.opened_at, run_windows.c.opened_seq)
    found: dict[str, list[RunWindow]] = defaultdict(list)
    for row in connection.execute(windows).mappings():
        found[row["run"]].append(_window_by(row))
    return found


def gaps_of(connection: Connection, run_ids: Iterable[str]) -> dict[str, list[RunGap]]:
    """Of these runs, by them, each in order."""
    gaps = select(run_gaps).where(run_gaps.c.run.in_(list(run_ids))).order_by(run_gaps.c.number)
    found: dict[str, list[RunGap]] = defaultdict(list)
    for row in connection.execute(gaps).mappings():
        found[row["run"]].append(_gap_by(row))
    return found


def children_of(connection: Connection, run_id: str) -> list[Run]:
    """The runs opened inside one, oldest first."""
    statement = select(runs).where(runs.c.parent == run_id).order_by(runs.c.opened_at, runs.c.id)
    return [run_by(row) for row in connection.execute(statement).mappings()]


def children_of_open(connection: Connection) -> list[Run]:
    """Of every run that is open, those opened inside it that are finished."""
    around = runs.alias("around")
    still_open = select(around.c.id).where(around.c.finished_at.is_(None))
    statement = select(runs).where(runs.c.finished_at.is_not(None), runs.c.parent.in_(still_open))
    return [run_by(row) for row in connection.execute(statement).mappings()]


def newest_runs(connection: Connection, is_open: bool | None, limit: int) -> list[Run]:
    """The latest begun first. `is_open`: only those that are, or are not."""
    statement: Select[Any] = select(runs).order_by(runs.c.opened_at.desc(), runs.c.id).limit(limit)
    if is_open is not None:
        statement = statement.where(runs.c.finished_at.is_(None) if is_open else runs.c.finished_at.is_not(None))
    return [run_by(row) for row in connection.execute(statement).mappings()]


def known_among(connection: Connection, ids: Iterable[str]) -> list[str]:
    """Those of the ids that are runs'."""
    return list(connection.execute(select(runs.c.id).where(runs.c.id.in_(list(ids)))).scalars())


def run_count(connection: Connection) -> int:
    """How many there are, finished ones too."""
    return int(connection.execute(select(func.count()).select_from(runs)).scalar_one())


def run_by(row: Mapping[Any, Any]) -> Run:
    """A row of `runs`."""
    details = json.loads(row["details"])
    return Run(
        id=row["id"],
        name=row["name"],
        opened_at=moment(row["opened_at"]),
        opened_seq=row["opened_seq"],
        finished_at=_moment(row["finished_at"]),
        finished_seq=row["finished_seq"],
        verdict=row["verdict"],
        contained=row["contained"],
        wrong_tokens=row["wrong_tokens"],
        sources=tuple(details.get("sources", ())),
        listener=details.get("listener"),
        canaries=details.get("canaries"),
        services=tuple(details.get("services", ())),
        parent=row["parent"],
        lease=details.get("lease"),
        ended=details.get("ended"),
    )


def _window_by(row: Mapping[Any, Any]) -> RunWindow:
    return RunWindow(
        id=row["id"],
        run=row["run"],
        name=row["name"],
        opened_at=moment(row["opened_at"]),
        opened_seq=row["opened_seq"],
        closed_at=_moment(row["closed_at"]),
        closed_seq=row["closed_seq"],
    )


def _gap_by(row: Mapping[Any, Any]) -> RunGap:
    return RunGap(moment(row["at"]), moment(row["until"]), row["why"])


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)
