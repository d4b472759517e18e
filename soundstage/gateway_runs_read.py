"""RunReader: runs as they stand, from the tables and from what only memory knows yet. Blocks on the disk."""

from typing import Any

from ledger.run import RunGap, RunStory, UnknownRun
from ledger.run_counts import RunCounts, counts_of, unclaimed_within
from ledger.runs import Runs
from soundstage.gateway_runs_shown import RunShower, shown_child

Items = list[dict[str, Any]]
Unwritten = tuple[tuple[RunGap, ...], int]
"""Gaps that are not in the tables yet, and all wrong tokens so far as memory counts them."""


class RunReader:
    """Reads for the API. Raises UnknownRun, LedgerUnavailable."""

    def __init__(self, runs: Runs, shower: RunShower) -> None:
        self._runs = runs
        self._shower = shower

    def one(self, run_id: str, *, secrets: bool = False) -> dict[str, Any]:
        """With what is inside it. `secrets`: with its credentials, while it is open."""
        # Before what is written: what is written in between is then told twice, and never left out.
        family = (*self._runs.family(run_id), *self._runs.left_by(run_id))
        unwritten = {one: self._unwritten(one) for one in family}
        story = self._runs.archive.find(run_id)
        if story is None:
            raise UnknownRun(f"there is no run {run_id[:100]!r}")
        counts = counts_of(self._runs.archive, [run_id, *(child.run.id for child in story.children)])
        told = self._told(story, counts[run_id], unwritten[run_id], secrets=secrets)
        told["children"] = [
            shown_child(child, counts[child.run.id], *_missing(child, unwritten.get(child.run.id, ((), 0))))
            for child in story.children
        ]
        return told

    def newest(self, is_open: bool | None, limit: int) -> Items:
        """The latest begun first, without secrets and without what is inside them."""
        unwritten = {run_id: self._unwritten(run_id) for run_id in self._runs.open_ids}
        stories = self._runs.archive.newest(is_open, limit)
        counts = counts_of(self._runs.archive, [story.run.id for story in stories])
        return [
            self._shower.shown(
                story,
                counts[story.run.id],
                pending=unwritten.get(story.run.id, ((), 0))[0],
                wrong_tokens=unwritten.get(story.run.id, ((), 0))[1],
            )
            for story in stories
        ]

    def _told(self, story: RunStory, counts: RunCounts, unwritten: Unwritten, *, secrets: bool) -> dict[str, Any]:
        pending, wrong = _missing(story, unwritten)
        unclaimed = unclaimed_within(self._runs.archive, story.run)
        around = None if story.run.parent is None else self._runs.held(story.run.parent)
        return self._shower.shown(
            story,
            counts,
            pending=pending,
            unclaimed=unclaimed,
            wrong_tokens=wrong,
            secrets=secrets,
            around=None if around is None else around.run,
        )

    def _unwritten(self, run_id: str) -> Unwritten:
        held = self._runs.held(run_id)
        return self._runs.troubles.pending(run_id), 0 if held is None else held.wrong_tokens


def _missing(story: RunStory, unwritten: Unwritten) -> Unwritten:
    """Without what has been written since."""
    pending, wrong = unwritten
    return tuple([gap for gap in pending if gap not in story.gaps]), wrong
