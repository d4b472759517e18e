"""The pytest plugin: options, hooks and fixtures. What they do lives in the modules beside it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_soundstage.choices import add_options, read_choices
from pytest_soundstage.fixtures import _soundstage_window, asoundstage, soundstage, soundstage_run
from pytest_soundstage.guard import Guard, guard_of
from pytest_soundstage.markers import MARKER, refuse_misspelt

__all__ = ["_soundstage_window", "asoundstage", "soundstage", "soundstage_run"]


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """The run's variables are in force before any conftest, and so before the application, is imported."""
    choices = read_choices(early_config, early_config.known_args_namespace)
    guard = Guard(early_config, choices)
    early_config.pluginmanager.register(guard, "soundstage-guard")
    early_config.add_cleanup(guard.close)
    guard.start()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    refuse_misspelt(config, items)


def pytest_report_header(config: pytest.Config) -> list[str]:
    return guard_of(config).header()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The last look, in the process that ran tests; then the verdict on the session, in the one that started it."""
    guard_of(session.config).finish(session)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    guard_of(config).summarise(terminalreporter)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """pytest-xdist's hook: a worker has ended, with what it says of its run, or without."""
    guard_of(node.config).worker_ended(node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Nothing runs unguarded where a guard was asked for and could not be had."""
    guard_of(item.config).before_a_test()
