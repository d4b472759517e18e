"""Report: what the terminal says of the runs at the end of a session, and whether the session may pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_soundstage.run_session import Problem, RunSession


@dataclass(frozen=True)
class RunReport:
    """One run, in values that pytest-xdist can carry."""

    run: str
    counts: Mapping[str, Any]
    page: str | None
    problems: list[list[str]] = field(default_factory=list)

    @classmethod
    def of(cls, session: RunSession, page: str | None) -> RunReport:
        return cls(session.run.id, dict(session.counts), page, [list(one) for one in session.problems])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        channels = self.counts.get("channels") or {}
        counted = ", ".join(f"{number} {name}" for name, number in sorted(channels.items())) or "nothing"
        left = self.counts.get("left") or 0
        page = f"  {self.page}" if self.page else ""
        return f"run {self.run}: {counted} captured, {left} left{page}"


class Report:
    """What was gathered of all runs."""

    def __init__(self) -> None:
        self._runs: list[RunReport] = []
        self._problems: list[Problem] = []
        self._notes: list[str] = []

    @property
    def fails(self) -> bool:
        """Whether something came to light that no test failed for."""
        return any(problem.verdict != "warning" for problem in self._problems)

    def add(self, told: RunReport) -> None:
        self._runs.append(told)
        self._problems += [Problem(*one) for one in told.problems]

    def problem(self, problem: Problem) -> None:
        self._problems.append(problem)

    def note(self, text: str) -> None:
        self._notes.append(text)

    def write(self, terminal: Any) -> None:
        """A section of the terminal's summary; nothing where Soundstage was not in use."""
        if not (self._runs or self._problems or self._notes):
            return
        terminal.section("soundstage", sep="=", red=self.fails)
        for told in self._runs:
            terminal.write_line(told.line())
        for note in self._notes:
            terminal.write_line(note)
        for problem in self._problems:
            terminal.write_line(f"{problem.verdict}: {problem.text}", red=problem.verdict != "warning")
        if self.fails:
            terminal.write_line("the session does not pass: see above", red=True)
