"""What the Soundstages of a test that fails have said: shown below it, whichever fixture started them."""

from collections.abc import Generator

import pytest
from running import ALIVE

LONGEST = 8_000
"""Characters of each: the last ones, where a traceback is."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for running in sorted(ALIVE, key=lambda one: one.folder):
            if said := running.said():
                report.sections.append((f"Soundstage in {running.folder} said", said[-LONGEST:]))
    return report
