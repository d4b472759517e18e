"""RunSession: the one run of this process for as long as pytest runs in it, its windows, and what went wrong in it.

Clients made at import time, and pooled connections, keep the credentials they first saw: so there is one run for a
process, and what arrives is booked to the test whose window is open.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pytest_soundstage.canary import sing
from pytest_soundstage.run_steps import judged, run_told
from pytest_soundstage.scope import Scope, captures, settle
from pytest_soundstage.search import is_side_effect
from pytest_soundstage.soundstage import Run, Window
from pytest_soundstage.telling import listed
from pytest_soundstage.trouble import Refused, SoundstageError

__tracebackhide__ = True


class Problem(NamedTuple):
    """Why the session does not pass. `verdict` is violated or inconclusive, or warning where it passes after all."""

    verdict: str
    text: str


class RunSession:
    """`own` is False where the run belongs to whoever started pytest, who also finishes it."""

    def __init__(
        self, run: Run, environ: Mapping[str, str], *, own: bool, strays: str = "fail", lease: float = 0.0
    ) -> None:
        self.run, self.own = run, own
        self._renew_every, self._renewed = lease / 4, time.monotonic()
        self.problems: list[Problem] = []
        self.counts: Mapping[str, Any] = {}
        self._environ, self._strays = environ, strays
        self._outside = Scope(run.id, "none")
        self._known: set[str] = set()
        self._last = "the beginning"
        self._between: list[str] = []

    def begin(self) -> None:
        """Prove that the way into the run works, from inside."""
        if self.own:
            self._inconclusive(sing(self.run.id, "begin", self._environ))
        else:
            # What came before pytest in this run is its owner's business.
            self._known = {one["id"] for one in self.run.wire.run(captures(self._outside))}

    def still_here(self) -> None:
        """Renew the lease of a run of ours before it is over, also while tests ask nothing."""
        if self.own and self._renew_every and time.monotonic() - self._renewed > self._renew_every:
            self.run.renew()
            self._renewed = time.monotonic()

    def open_window(self, name: str) -> Window:
        """From now on what arrives is this test's. What arrived since the last one was nobody's."""
        window = self.run.open_window(name)
        self._look_outside(f"before {name}")
        return window

    def close_window(self, window: Window) -> None:
        """Raises Inconclusive where the application does not become quiet, NotAsExpected for what came too late."""
        try:
            window.close()
        finally:
            self._last, self._between = window.name, []

    def passed_without(self, name: str) -> None:
        """A test ended that has no window."""
        self._between.append(name)

    def end(
        self, verdict: str | None, expect: tuple[str, str] | None = None, *, allow_uncontained: bool = False
    ) -> None:
        """The last look; finishes the run if it is ours. `expect` is the text and the name of an expectation file."""
        if self.own:
            self._inconclusive(sing(self.run.id, "end", self._environ))
        self._noting(lambda: self.run.wire.run(settle(self.run.scope)))
        self._noting(lambda: self._look_outside("before the end"))
        if expect is not None:
            self._noting(lambda: self._judge(*expect, allow_uncontained=allow_uncontained))
        self._noting(lambda: self._look_at_the_run(allow_uncontained=allow_uncontained))
        if self.own:
            self._noting(lambda: self._finish(verdict))

    def _finish(self, verdict: str | None) -> None:
        """What is missing of the run may have come to light since it was looked at: its end is told with it."""
        told = self.run.finish(self._worst(verdict))
        known = [problem.text for problem in self.problems]
        self._inconclusive([gap["why"] for gap in told.get("gaps") or () if gap["why"] not in known])

    def _noting(self, step: Callable[[], object]) -> None:
        """Whatever goes wrong in one step, the others are taken."""
        try:
            step()
        except SoundstageError as trouble:
            if str(trouble) not in [problem.text for problem in self.problems]:
                self._inconclusive([str(trouble)])

    def _look_at_the_run(self, *, allow_uncontained: bool) -> None:
        """What Soundstage itself says of the run: whether evidence is missing."""
        told = self.run.wire.run(run_told(self.run.id))
        self.counts = told.get("counts") or {}
        self._inconclusive([gap["why"] for gap in told.get("gaps") or ()])
        wrong = self.counts.get("wrong_token")
        if wrong:
            self._inconclusive([f"{wrong} arrived with the name of run {self.run.id} and a wrong token"])
        if self.own:
            self._inconclusive(_unheard(told.get("canaries")))
            if not allow_uncontained and told.get("contained") == "no" and self.run.scope.deniers:
                self._inconclusive(self._unproved())

    def _unproved(self) -> list[str]:
        """Tests said that nothing happened in a run that had other ways out: is anything to be held against them?"""
        deniers = list(dict.fromkeys(self.run.scope.deniers))
        said = ", ".join(deniers[:3]) + (f" and {len(deniers) - 3} more" if len(deniers) > 3 else "")
        why = f"{said} said what did not happen; "
        way = "start pytest with `soundstage run`, or say --soundstage-allow-uncontained"
        if self.counts.get("captures") == 0:
            nothing = "nothing was captured in the whole session, and nothing held it to its way out"
            return [f"{why}{nothing}, so that this proves nothing: {way}"]
        nobodys = self._nobodys()
        if not nobodys:
            return []
        lines = "\n".join(listed(self.run.wire.place, nobodys))
        unproved = f"{why}{len(nobodys)} that nobody claimed arrived meanwhile, and may be the application's"
        return [f"{unproved}, without the run's credentials: {way}\n{lines}"]

    def _nobodys(self) -> list[dict[str, Any]]:
        """Side effects that nobody claimed while the run was open; none where its token does not show them."""
        try:
            found = self.run.wire.run(captures(Scope("unattributed"), since=self.run.scope.opened_at))
        except Refused:
            return []
        return [one for one in found if is_side_effect(one)]

    def _look_outside(self, until: str) -> None:
        found = self.run.wire.run(captures(self._outside))
        strays = [one for one in found if one["id"] not in self._known and is_side_effect(one)]
        self._known |= {one["id"] for one in found}
        if not strays:
            return
        without = f" ({', '.join(self._between)} in between had no window)" if self._between else ""
        lines = "\n".join(listed(self.run.wire.place, strays))
        text = f"{len(strays)} arrived outside any test's window, after {self._last} and {until}{without}:\n{lines}"
        self.problems.append(Problem("violated" if self._strays == "fail" else "warning", text))

    def _judge(self, text: str, file: str, *, allow_uncontained: bool) -> None:
        steps = judged(self.run.id, text, file, allow_uncontained=allow_uncontained, at_most=self.run.scope.at_most)
        told = self.run.wire.run(steps)
        if told["verdict"] == "clean":
            return
        rows = [f"{row['name']}: {row['reason']}" for row in told["rows"] if row["outcome"] != "held"]
        # Reasons repeat rows, each of which is to be read once.
        lines = dict.fromkeys([file, *(f"  {one}" for one in [*(told.get("reasons") or ()), *rows])])
        self.problems.append(Problem(told["verdict"], "\n".join(lines)))

    def _inconclusive(self, texts: list[str]) -> None:
        self.problems += [Problem("inconclusive", text) for text in texts]

    def _worst(self, verdict: str | None) -> str | None:
        found = {problem.verdict for problem in self.problems}
        for worst in ("violated", "inconclusive"):
            if worst in found:
                return worst
        return verdict


def _unheard(canaries: Any) -> list[str]:
    """Canaries that Soundstage says it has not heard."""
    if canaries is None:
        return []
    silent = [
        f"{way} at the {moment}" for moment in ("begin", "end") for way in ("http", "smtp") if not canaries[moment][way]
    ]
    return [f"canaries did not arrive: {', '.join(silent)}"] if silent else []
