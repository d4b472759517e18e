"""Fixtures that several test files share: the real Soundstage, running."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples import draw_the_same, register
from free_ports import free_ports
from hypothesis import settings
from running import PORTS, Running, eventually, started

pytest_plugins = ("running_log",)
register()
settings.load_profile("house")


DEAR = ("test_story_", "test_client_", "test_soundstage_", "test_deploy_", "test_dashboard_")
"""What starts processes and browsers: seconds a test, where most others take milliseconds."""


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--hypothesis-profile") is None:
        draw_the_same()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The dear files first where several processes share them out: one begun last would keep all others waiting."""
    if hasattr(config, "workerinput"):
        rank = {start: place for place, start in enumerate(DEAR)}
        items.sort(key=lambda item: next((rank[one] for one in DEAR if item.path.name.startswith(one)), len(DEAR)))


def pytest_collection(session: pytest.Session) -> None:
    """Thousands of tests and all that they import stay to the end: no collection has to look at them, now or later."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`soundstage up` as a process of its own on free ports, shared by every story of this test process."""
    with started(tmp_path_factory.mktemp("soundstage")) as running:
        yield running


def kept_ports() -> dict[str, str]:
    """Settings by which it and its runs get ports that nobody else is given while they are started again."""
    names = [name for name in PORTS if name != "DASHBOARD"]
    own, of_runs = (found := free_ports(len(names) + 70))[: len(names)], found[len(names) :]
    named = {f"SOUNDSTAGE_{name}_PORT": str(port) for name, port in zip(names, own, strict=True)}
    return {**named, "SOUNDSTAGE_RUN_PORTS": ",".join(map(str, of_runs))}


@pytest.fixture(scope="session")
def _mended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("mended"), kept_ports()) as running:
        yield running


@pytest.fixture
def mended_gateway(_mended: Running) -> Running:
    """One whose gateway and dashboard a test may kill, because Soundstage starts them again: shared like the first."""
    eventually(_mended.is_whole, "what an earlier test killed is there again")
    return _mended


@pytest.fixture
def own_gateway(tmp_path: Path) -> Iterator[Running]:
    """One that a test may stop, kill or break for good."""
    with started(tmp_path, kept_ports()) as running:
        yield running
