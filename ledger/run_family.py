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
    (story,) = stories_of(connection, [run])
    children = run_rows.children_of(connection, run.id)
    gaps = run_rows.gaps_of(connection, [child.id for child in children])
    inside = [RunStory(_contained_with(child, story.run), gaps=tuple(gaps[child.id])) for child in children]
    return replace(story, children=tuple(inside))


def stories_of(connection: Connection, found: Sequence[Run]) -> list[RunStory]:
    """Runs with their windows and gaps, without their children: a page asks for hundreds, and again and again."""
    ids = [run.id for run in found]
    windows, gaps = run_rows.windows_of(connection, ids), run_rows.gaps_of(connection, ids)
    around = run_rows.runs_among(connection, {run.parent for run in found if run.parent is not None})
    contained = [_contained_with(run, around.get(run.parent or "", run)) for run in found]
    return [RunStory(run, tuple(windows[run.id]), tuple(gaps[run.id])) for run in contained]


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
