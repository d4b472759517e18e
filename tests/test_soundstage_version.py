"""`soundstage --version`: the one of pyproject.toml, whether the checkout is installed or not."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from running import command

PROJECT = Path(__file__).resolve().parent.parent
WRITTEN = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(command(), id="installed"),
        pytest.param([sys.executable, "-S", "-c", "from soundstage.__main__ import main; main()"], id="checkout-alone"),
    ],
)
def test_version_is_the_projects(words: list[str]) -> None:
    environ = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([*words, "--version"], env=environ, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"soundstage {WRITTEN}\n", "")
