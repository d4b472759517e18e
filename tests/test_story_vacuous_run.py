"""`soundstage run` around commands that do nothing, die, go round their variables, or are not the ones meant."""

import subprocess
import sys
from typing import Any

import pytest
from run_stage import RunStage, why_not
from running import Running

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"commands cannot be contained here: {why_not()}")
MAILS = "version: 1\nsettle: {quiet: 50ms, at_most: 60s}\nexpect:\n- email: {to: ann@example.test}\n"
NOTHING = "version: 1\nsettle: {quiet: 50ms, at_most: 60s}\n"
NO_VARIABLES = f"env -i {sys.executable} -c \"import urllib.request as u; u.urlopen('http://hooks.test/x', b'1')\""


@pytest.fixture(scope="module")
def house(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> RunStage:
    made = RunStage(gateway, tmp_path_factory.mktemp("run"))
    (made.home / "mails.yaml").write_text(MAILS)
    (made.home / "nothing.yaml").write_text(NOTHING)
    return made


ENDS = [
    pytest.param("mails.yaml", "kill -9 $$", 137, "1 expected, none found", id="killed-by-a-signal"),
    pytest.param("mails.yaml", "true", 1, "nothing was captured at all", id="did-nothing"),
    pytest.param("nothing.yaml", "true", 0, "0 captures judged", id="nothing-expected-and-nothing-done"),
    pytest.param("nothing.yaml", NO_VARIABLES, 1, "1 effect that no row claims", id="without-its-variables"),
]


@pytest.mark.parametrize(("file", "script", "code", "says"), ENDS)
def test_how_a_run_ends(house: RunStage, file: str, script: str, code: int, says: str) -> None:
    done = house.run("sh", "-c", script, options=("--expect", file))
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_a_command_that_rewrites_what_is_expected_of_it(house: RunStage) -> None:
    (house.home / "own.yaml").write_text(MAILS)
    done = house.run("sh", "-c", "echo 'version: 1' > own.yaml", options=("--expect", "own.yaml"))
    assert (house.home / "own.yaml").read_text() == "version: 1\n"
    assert (done.returncode, "1 expected, none found" in done.stderr) == (1, True), done.stderr


def test_what_is_expected_may_come_by_a_pipe(house: RunStage) -> None:
    done = house.run("true", options=("--expect", "/dev/stdin"), given=NOTHING)
    assert (done.returncode, "0 captures judged" in done.stderr) == (0, True), done.stderr


def test_a_run_whose_reports_nobody_reads(house: RunStage) -> None:
    script = '"$@" 2>&1 | true; exit ${PIPESTATUS[0]}'
    words = house.words("true", options=("--expect", "mails.yaml"))
    done = subprocess.run(
        ["bash", "-c", script, "bash", *words], env=house.environ, cwd=house.home, timeout=300, check=False
    )
    assert done.returncode == 1


@pytest.mark.parametrize("own", [0, 7])
def test_a_report_that_cannot_be_written(gateway: Running, house: RunStage, own: int) -> None:
    lost = ("--expect", "nothing.yaml", "--junit", "absent/report.xml", "--name", f"lost-report-{own}")
    done = house.run("sh", "-c", f"exit {own}", options=lost)
    assert done.returncode == (own or 2)
    assert "soundstage: error: the report absent/report.xml cannot be written" in done.stderr
    assert state_of(gateway, f"lost-report-{own}") == (False, "inconclusive")


def state_of(gateway: Running, name: str) -> tuple[bool, str]:
    """Whether the run of that name is open, and its verdict."""
    with gateway.api() as api:
        items: list[dict[str, Any]] = api.get("/api/runs", params={"limit": 200}).json()["items"]
    (one,) = [item for item in items if item["name"] == name]
    return one["open"], one["verdict"]


SLIPS = [
    pytest.param(("absent-program",), (), "the command absent-program is not found", id="no-such-command"),
    pytest.param(("touch", "started", "--expect", "mails.yaml"), None, "--expect stands after the command", id="order"),
    pytest.param((), (), "there is no command to run", id="no-command"),
    pytest.param(("touch", "started"), ("--expct", "mails.yaml"), "unrecognized arguments: --expct", id="option"),
]


@pytest.mark.parametrize(("words", "options", "says"), SLIPS)
def test_a_slip_of_the_pen_starts_nothing(
    house: RunStage, words: tuple[str, ...], options: tuple[str, ...] | None, says: str
) -> None:
    line = house.words(*words, options=options or ())
    if options is None:
        line.remove("--")
    done = subprocess.run(
        line, env=house.environ, cwd=house.home, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2
    assert f"soundstage: error: {says}" in done.stderr
    assert not (house.home / "started").exists()
