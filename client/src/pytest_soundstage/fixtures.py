"""The fixtures: a window for each test that wants one, and the run that all windows of this process are in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_soundstage.guard import guard_of
from pytest_soundstage.soundstage import Run, Window
from pytest_soundstage.stage import AsyncStage, same_for_async
from pytest_soundstage.trouble import Unanswered
from pytest_soundstage.window_slot import WindowSlot

__tracebackhide__ = True


@pytest.fixture(autouse=True)
def _soundstage_window(request: pytest.FixtureRequest) -> Iterator[WindowSlot | None]:
    """First of a test's own fixtures and last to go, so that what they do is in the test's window too."""
    slot = guard_of(request.config).slot(request.node, frozenset(request.fixturenames))
    yield slot
    if slot is not None:
        slot.close()


@pytest.fixture
def soundstage(request: pytest.FixtureRequest, _soundstage_window: WindowSlot | None) -> Window:
    """What this test caused: `soundstage.email.wait_for(to=...)`, `soundstage.payments.one(amount=...)`, ..."""
    return _opened(request, _soundstage_window)


@pytest.fixture
def asoundstage(request: pytest.FixtureRequest, _soundstage_window: WindowSlot | None) -> AsyncStage:
    """The same window as `soundstage`, to be awaited."""
    return same_for_async(_opened(request, _soundstage_window))


@pytest.fixture(scope="session")
def soundstage_run(request: pytest.FixtureRequest) -> Run:
    """The run of this process, for windows outside tests: `with soundstage_run.window("fill the database"): ...`."""
    guard = guard_of(request.config)
    if guard.choices.mode == "off":
        pytest.skip("soundstage is off")
    if guard.session is None:
        raise Unanswered(guard.why_not())
    return guard.session.run


def _opened(request: pytest.FixtureRequest, slot: WindowSlot | None) -> Window:
    guard = guard_of(request.config)
    if guard.choices.mode == "off":
        pytest.skip("soundstage is off")
    if slot is None:
        raise Unanswered(guard.why_not())
    return slot.opened()
