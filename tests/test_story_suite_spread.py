"""`pytest -n` inside a run: each worker has a run inside it, and what none of them claims fails the session."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_soundstage import Soundstage
from run_stage import RunStage, why_not
from running import PROJECT, Running
from suite_process import PATIENT, run_suite

SUITE = """
import os, smtplib
import httpx, pytest

SHARED = httpx.Client(timeout=60)

@pytest.mark.parametrize("number", range(8))
def test_signup(soundstage, number):
    to = f"user-{number}@example.test"
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
        smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
        smtp.sendmail("shop@shop.test", [to], "Subject: Welcome\\r\\n\\r\\nHello\\r\\n")
    SHARED.post("http://hooks.partner.test/orders", json={"number": number})
    assert soundstage.email.one().to == [to]
    assert soundstage.webhooks.one().json() == {"number": number}
    soundstage.assert_nothing_else()
"""
GOES_WRONG = """
import os
import httpx

def test_without_its_variables(soundstage):
    with httpx.Client(trust_env=False, verify=False, timeout=60) as client:
        client.post("https://hooks.partner.test/orders", json={})
    soundstage.assert_nothing_else()

def test_that_takes_its_worker_with_it(soundstage):
    os._exit(7)
"""
EXPECT = """
version: 1
settle: {quiet: 50ms, at_most: 60s}
expect:
- email: {subject: Welcome}
  count: 8
- webhook: {host: hooks.partner.test, path: /orders}
  count: 8
"""
SPREAD = ("-p", "xdist.plugin", "-n", "2", "-o", "soundstage_quiet=0.1", *PATIENT)
contained = pytest.mark.skipif(why_not() is not None, reason=f"commands cannot be contained here: {why_not()}")


@pytest.fixture
def house(gateway: Running, tmp_path: Path) -> RunStage:
    return RunStage(gateway, tmp_path)


def spread(house: RunStage, suite: str, *options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """`soundstage run --expect expect.yaml -- pytest -n 2`, and the run it was."""
    (house.home / "test_it.py").write_text(suite)
    (house.home / "expect.yaml").write_text(EXPECT)
    rooms = f"{PROJECT}{os.pathsep}{PROJECT / 'client' / 'src'}"
    pytest_in_it = (sys.executable, "-m", "pytest", "-q", "-p", "pytest_soundstage.plugin", "-p", "no:cacheprovider")
    about = ("--about", str(house.home / "about.json"))
    alone = {"PYTHONPATH": rooms, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = house.run(*pytest_in_it, *SPREAD, options=(*about, *options), **alone)
    assert (house.home / "about.json").exists(), ended.stdout + ended.stderr
    return ended, json.loads((house.home / "about.json").read_text())


@contained
def test_a_suite_spread_over_workers_in_a_contained_run(house: RunStage) -> None:
    ended, run = spread(house, SUITE, "--expect", "expect.yaml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "8 passed" in ended.stdout
    assert f"clean: run {run['id']} and the 2 inside it, 16 captures judged" in ended.stderr
    assert (run["contained"], run["counts"]["captures"]) == ("namespace", 0)
    assert [(child["verdict"], child["ended"], child["gaps"]) for child in run["children"]] == [("clean", None, [])] * 2
    assert sum(child["counts"]["captures"] for child in run["children"]) == 16
    assert "16 captures (8 email, 8 webhook), 0 left, 2 runs inside it, contained by namespaces" in ended.stderr


@contained
def test_what_no_worker_claims_and_what_no_worker_ended(house: RunStage) -> None:
    """A client without the worker's variables is seen in the run around it; a worker that crashes ends no run."""
    ended, run = spread(house, GOES_WRONG, "--expect", "expect.yaml")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "violated: 1 arrived outside any test's window, after the beginning and before the end" in ended.stdout
    assert "ended without saying what its run did" in ended.stdout
    assert run["counts"]["channels"]["webhook"] == 1
    crashed = next(child for child in run["children"] if child["ended"] == "parent")
    assert crashed["verdict"] == "inconclusive"
    assert f"{crashed['id']} (pytest" in ended.stderr
    assert "canaries did not arrive: http at its end, smtp at its end" in ended.stderr


def test_workers_of_a_run_that_is_not_contained(gateway: Running, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE)
    with Soundstage(gateway.addresses["dashboard"], gateway.token) as soundstage, soundstage.run("outer") as run:
        ended = run_suite(None, tmp_path, *SPREAD, **run.variables)
        assert ended.returncode == 0, ended.stdout
        assert f"a run for each worker inside {run.id}" in ended.stdout
        children = run.told()["children"]
        assert [child["verdict"] for child in children] == ["clean", "clean"]
        assert run.told()["open"]
