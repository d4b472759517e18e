"""WindowSlot: one test's window, opened when it is first wanted and closed after the test's own fixtures are gone."""

from __future__ import annotations

from pytest_soundstage.run_session import RunSession
from pytest_soundstage.scope import captures
from pytest_soundstage.search import is_side_effect
from pytest_soundstage.soundstage import Window
from pytest_soundstage.telling import listed
from pytest_soundstage.trouble import NotAsExpected

__tracebackhide__ = True


class WindowSlot:
    """Of the test `name`. `forbidden` says that it must not have side effects."""

    def __init__(self, session: RunSession, name: str, *, forbidden: bool) -> None:
        self._session, self._name, self._forbidden = session, name, forbidden
        self._window: Window | None = None

    def opened(self) -> Window:
        """The window. Raises Unanswered, or Refused where another is open."""
        if self._window is None:
            self._window = self._session.open_window(self._name)
        return self._window

    def close(self) -> None:
        """Raises Inconclusive where the application does not become quiet, NotAsExpected for what is forbidden."""
        window, self._window = self._window, None
        if window is None:
            self._session.passed_without(self._name)
            return
        self._session.close_window(window)
        if self._forbidden:
            _refuse_side_effects(window)


def _refuse_side_effects(window: Window) -> None:
    place = window.wire.place
    found = [one for one in window.wire.run(captures(window.scope)) if is_side_effect(one)]
    if found:
        lines = "\n".join(listed(place, found))
        raise NotAsExpected(f"{window.name} must not have side effects, and had {len(found)}:\n{lines}")
