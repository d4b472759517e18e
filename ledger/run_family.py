"""Family: a run and the runs opened inside it: what may be opened there, and what each takes over from the other."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ledger import run_rows
from ledger.run import Run, RunConflict, RunStory

MOST_OPEN = 256
"""Children of one run that are open at a time: as many as a large machine has cores."""
MOST = 1_000
"""Children of one run in all, because each is read when their parent is judged."""


def story_of(connection: Connection, run: Run) -> RunStory:
    """A run with its windows and gaps, and with its children: each contained if its parent is."""
    gaps = run_rows.gaps_of(connection, run.id)
    if run.parent is not None:
        around = run_rows.find_run(connection, run.parent)
        run = run if around is None else _contained_with(run, around)
    children = [
        RunStory(_contained_with(child, run), gaps=run_rows.gaps_of(connection, child.id))
        for child in run_rows.children_of(connection, run.id)
    ]
    return RunStory(run, run_rows.windows_of(connection, run.id), gaps, tuple(children))


def _contained_with(child: Run, parent: Run) -> Run:
    """A child's command is one of its parent's."""
    return replace(child, contained=parent.contained) if child.contained == "no" else child


def prove_openable(connection: Connection, parent: Run, **asked: Sequence[str]) -> None:
    """Raise RunConflict where a run may not be opened inside this one, ValueError for what a child cannot have.

    `asked`: what was asked for beside its name.
    """
    if parent.parent is not None:
        raise RunConflict(f"the run {parent.id!r} was opened inside {parent.parent!r} and opens none itself")
    wrong = next((name for name, value in asked.items() if value), None)
    if wrong is not None:
        raise ValueError(f"a run inside another, {parent.id!r}, comes by its ways and has no {wrong} of its own")
    children = run_rows.children_of(connection, parent.id)
    if sum(child.is_open for child in children) >= MOST_OPEN or len(children) >= MOST:
        raise RunConflict(
            f"the run {parent.id!r} has {len(children)} runs inside it; {MOST_OPEN} at a time and {MOST} in all are "
            "the most, finish some or spread the work over fewer"
        )
