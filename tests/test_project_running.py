"""The harness that starts Soundstage: what a test that fails shows of it."""

from pathlib import Path
from typing import Literal

import pytest
from running import Running
from running_log import pytest_runtest_makereport


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [pytest.param("failed", ["it fell over\n"], id="failed"), pytest.param("passed", [], id="passed")],
)
def test_what_it_said_is_shown_below_a_test_that_fails(
    tmp_path: Path, outcome: Literal["passed", "failed"], shown: list[str]
) -> None:
    running = Running(tmp_path)
    (running.folder / "stderr").write_text("it fell over\n")
    report = pytest.TestReport("here", ("here", 1, "here"), {}, outcome, None, "call")
    asked = pytest_runtest_makereport()
    next(asked)
    with pytest.raises(StopIteration):
        asked.send(report)
    assert [said for title, said in report.sections if str(tmp_path) in title] == shown
