"""The trial that boots the host's units, as far as it can be judged without booting: its scripts, steps and drop-in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
NEEDS = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def test_the_trial_s_script_is_one_a_shell_takes() -> None:
    assert os.access(DEPLOY / "host" / "try", os.X_OK)
    assert subprocess.run(["sh", "-n", DEPLOY / "host" / "try"], check=False).returncode == 0


def test_the_trial_takes_the_guide_s_own_steps() -> None:
    script = "import booted; print(booted.guides_steps())"
    told = subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=DEPLOY / "host", capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0].startswith("useradd --system")
    assert "systemctl enable --now soundstage-contain soundstage" in lines


@NEEDS
def test_systemd_takes_the_drop_in_for_timers(tmp_path: Path) -> None:
    text = (DEPLOY / "cron" / "soundstage.conf").read_text().replace("/usr/local/bin/soundstage", "/bin/true")
    unit = tmp_path / "nightly-report.service"
    unit.write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
    (tmp_path / f"{unit.name}.d").mkdir()
    drop_in = tmp_path / f"{unit.name}.d" / "soundstage.conf"
    drop_in.write_text(text)
    words = ["systemd-analyze", "verify", "--man=no", str(unit)]
    assert complaints(words, drop_in.name) == []
    drop_in.write_text(text.replace("ExecCondition", "ExecConditions"))
    assert len(complaints(words, drop_in.name)) == 1


def complaints(words: list[str], name: str) -> list[str]:
    said = subprocess.run(words, capture_output=True, text=True, check=False).stderr
    return [line for line in said.splitlines() if name in line]
