"""How this Soundstage is called: what is said can be run, and is this very installation."""

import shlex
import subprocess
import sys
from pathlib import Path

from soundstage.own_command import own_command


def test_what_is_said_runs_this_installation() -> None:
    said = shlex.split(own_command())
    told = subprocess.run([*said, "--version"], check=True, capture_output=True, text=True).stdout
    assert told.startswith("soundstage ")


def test_another_ones_name_is_not_taken_for_it(tmp_path: Path) -> None:
    """A Soundstage of another environment may stand first on the path: then the name alone would start that."""
    other = tmp_path / "soundstage"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    asked = "from soundstage.own_command import own_command; print(own_command())"
    for path, expected in (
        (str(tmp_path), str(Path(sys.executable).with_name("soundstage"))),
        (str(Path(sys.executable).parent), "soundstage"),
    ):
        run = subprocess.run(
            [sys.executable, "-c", asked], check=True, capture_output=True, text=True, env={"PATH": path}
        )
        assert run.stdout.strip() == expected
