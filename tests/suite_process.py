"""A test suite in a pytest process of its own, as a user of the client's plugin starts it."""

import subprocess
import sys
from pathlib import Path

from running import PROJECT, Running, clean_environment

SECONDS = 500
PATIENT = ("-o", "soundstage_timeout=60", "-o", "soundstage_settle=60")
"""Seconds. Bounds, not expectations: machines that run tests are busy."""


def run_suite(gateway: Running | None, folder: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    """With the plugins it names alone, and with nothing but the variables that name a Soundstage."""
    known = {"PYTHONPATH": str(PROJECT / "client" / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    if gateway is not None:
        known |= {"SOUNDSTAGE_URL": gateway.addresses["dashboard"], "SOUNDSTAGE_TOKEN": gateway.token}
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "pytest_soundstage.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *PATIENT, *options],
        cwd=folder,
        env={**clean_environment(), **known, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
