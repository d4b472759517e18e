"""Guard: Soundstage in one pytest process. Starts before the application is imported, ends after the last test.

With pytest-xdist each worker has a guard with a run; the process that started them has one that finds or starts
Soundstage, and gathers what the workers say.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from pytest_soundstage.choices import Choices
from pytest_soundstage.connection import connect, open_run, run_around
from pytest_soundstage.container import SoundstageContainer
from pytest_soundstage.django_mail import put_back
from pytest_soundstage.handed_on import HandedOn, worker_id
from pytest_soundstage.markers import NO_SIDE_EFFECTS
from pytest_soundstage.own_gateway import OwnGateway
from pytest_soundstage.report import Report, RunReport
from pytest_soundstage.run_session import Problem, RunSession
from pytest_soundstage.soundstage import Run
from pytest_soundstage.trouble import SoundstageError, Unanswered
from pytest_soundstage.trusted import Trusted
from pytest_soundstage.variables import Variables, usable
from pytest_soundstage.window_slot import WindowSlot

FIXTURES = frozenset({"soundstage", "asoundstage"})
KEY = "soundstage"
HINT = "soundstage: hint: --soundstage=off runs the tests without it, and skips those that need it"


class Guard:
    """What this process has of Soundstage. `broken` says why it has none although it should."""

    def __init__(self, config: pytest.Config, choices: Choices) -> None:
        self._config, self.choices = config, choices
        self._gateway = OwnGateway() if choices.image is None else SoundstageContainer(choices.image)
        self._variables = Variables()
        self._trusted: Trusted | None = None
        self._known = HandedOn(None)
        self.session: RunSession | None = None
        self._around: RunSession | None = None
        """Where workers have their runs: the one that pytest was started in, if it was."""
        self.report = Report()
        self.broken = ""

    def start(self) -> None:
        """Find or start Soundstage, open the run. Raises pytest.UsageError where one was asked for and is not there."""
        if self.choices.mode == "off" or self.choices.looking_only:
            return
        try:
            self._refuse_what_cannot_be()
            self._known = connect(self.choices, self._gateway)
            if self.choices.spread and worker_id() is None:
                self._look_around()
                self._variables.put(self._known.as_variable())
            elif self._known.place is not None:
                self._open()
        except SoundstageError as trouble:
            if worker_id() is None:
                raise pytest.UsageError(f"soundstage: {trouble}", HINT) from None
            self.broken = str(trouble)

    def before_a_test(self) -> None:
        """Raises Unanswered in a worker that should have a run and has none."""
        if self.broken:
            raise Unanswered(self.broken)
        if self.session is not None:
            self.session.still_here()

    def slot(self, node: pytest.Item, names: frozenset[str]) -> WindowSlot | None:
        """The window of a test that is to have one, None for others. Raises Unanswered where there is no Soundstage."""
        forbidden = self._forbids(node)
        if self.session is None:
            if forbidden and self.choices.mode != "off":
                raise Unanswered(f"{node.nodeid} must not have side effects, and nobody is looking: {self.why_not()}")
            return None
        put_back(os.environ)
        slot = WindowSlot(self.session, node.nodeid, forbidden=forbidden)
        if forbidden or self.choices.windows == "all" or names & FIXTURES:
            slot.opened()
        return slot

    def why_not(self) -> str:
        """Why there is no run."""
        return self.broken or self._known.why or "Soundstage is not in use in this session"

    def header(self) -> list[str]:
        if self.choices.looking_only:
            return []
        if self.choices.mode == "off":
            return ["soundstage: off, nothing is captured and nothing is checked"]
        if self._known.place is None:
            return [f"soundstage: none ({self._known.why})"] if self._known.why else []
        where = self._known.place.url
        if self.session is None:
            inside = "" if self._around is None else f" inside {self._around.run.id}"
            return [f"soundstage: {where}, a run for each worker{inside}"]
        return [f"soundstage: {where}, run {self.session.run.id}"]

    def finish(self, session: pytest.Session) -> None:
        """The last look at this process's run; then, where tests were started from, whether the session may pass."""
        if self.session is not None:
            self.session.end("violated" if session.testsfailed else "clean", **self._expectation())
            told = RunReport.of(self.session, self._page(self.session))
            output = getattr(self._config, "workeroutput", None)
            if output is None:
                self.report.add(told)
            else:
                output[KEY] = told.as_json()
        if self._around is not None:
            self._around.end(None, allow_uncontained=self.choices.allow_uncontained)
            self.report.add(RunReport.of(self._around, self._page(self._around)))
        if self.report.fails and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def worker_ended(self, node: Any) -> None:
        """What a worker says of its run. One that says nothing has ended before its last look."""
        if self._known.place is None:
            return
        told = getattr(node, "workeroutput", {}).get(KEY)
        if told is not None:
            self.report.add(RunReport(**told))
        else:
            name = node.gateway.id
            self.report.problem(Problem("inconclusive", f"worker {name} ended without saying what its run did"))

    def summarise(self, terminal: Any) -> None:
        self.report.write(terminal)

    def close(self) -> None:
        """As if nothing had been: variables, certificates, the gateway that was started."""
        for session in (self.session, self._around):
            if session is not None:
                session.run.wire.close()
        self._variables.restore()
        if self._trusted is not None:
            self._trusted.stop()
        self._gateway.stop()

    def _open(self) -> None:
        run, own = open_run(self._known, f"pytest {self._config.rootpath.name}", self.choices.lease)
        self._tell_choices(run)
        variables, absent = usable(run.variables)
        self._variables.put(variables)
        if absent:
            where = f"{run.variables[absent[0]]} is not on this machine"
            self.report.note(f"no client here trusts Soundstage's certificates by itself: {where}")
        elif "SSL_CERT_FILE" in variables:
            self._trusted = Trusted(variables["SSL_CERT_FILE"])
            self._trusted.start()
        self.session = RunSession(run, os.environ, own=own, strays=self.choices.strays, lease=self.choices.lease)
        self.session.begin()

    def _look_around(self) -> None:
        """The run that all workers are in shows what came without the credentials of any: it is in no test's window."""
        if self._known.run is not None:
            run = run_around(self._known)
            self._tell_choices(run)
            self._around = RunSession(run, os.environ, own=False, strays=self.choices.strays)
            self._around.begin()

    def _tell_choices(self, run: Run) -> None:
        run.scope.timeout, run.scope.quiet = self.choices.timeout, self.choices.quiet
        run.scope.at_most = self.choices.at_most

    def _forbids(self, node: pytest.Item) -> bool:
        if node.get_closest_marker(NO_SIDE_EFFECTS) is not None:
            return True
        try:
            path = node.path.relative_to(self._config.rootpath)
        except ValueError:
            return False
        return self.choices.forbids(path.as_posix())

    def _refuse_what_cannot_be(self) -> None:
        if self.choices.expect is None:
            return
        if self.choices.spread or worker_id() is not None:
            why = "judges one run, and with -n each worker has a run of its own"
            raise pytest.UsageError(f"--soundstage-expect {self.choices.expect} {why}")
        if not self.choices.expect.is_file():
            raise pytest.UsageError(f"--soundstage-expect {self.choices.expect}: there is no such file")

    def _expectation(self) -> dict[str, Any]:
        allowed = {"allow_uncontained": self.choices.allow_uncontained}
        if self.choices.expect is None:
            return allowed
        try:
            text = self.choices.expect.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as trouble:
            self.report.problem(Problem("inconclusive", f"{self.choices.expect} cannot be read: {trouble}"))
            return allowed
        return {**allowed, "expect": (text, str(self.choices.expect))}

    def _page(self, session: RunSession) -> str | None:
        """Where to look at the run; nowhere, if the gateway ends with the session."""
        if self._known.place is None or self.choices.starts_one:
            return None
        return f"{self._known.place.url}/attempts?run={session.run.id}"


def guard_of(config: pytest.Config) -> Guard:
    """The guard of this process."""
    guard = config.pluginmanager.get_plugin("soundstage-guard")
    if not isinstance(guard, Guard):
        raise pytest.UsageError("soundstage: the plugin was loaded too late; name it with -p or install it")
    return guard
