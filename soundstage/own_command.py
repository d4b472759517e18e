"""How somebody at a shell calls this Soundstage, for lines to be pasted: by name where that finds it, else by path."""

import shutil
import sys
from pathlib import Path


def own_command() -> str:
    """`soundstage`, `/srv/stage/.venv/bin/soundstage`, or `/usr/bin/python3 -m soundstage`."""
    beside = Path(sys.executable).absolute().with_name("soundstage")
    named = shutil.which("soundstage")
    if named and Path(named).absolute() == beside:
        return "soundstage"
    return str(beside) if beside.exists() else f"{sys.executable} -m soundstage"
