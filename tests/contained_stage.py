"""Contained commands on their own, without a Soundstage around them, as root or as an ordinary user."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from run_stage import as_user
from running import PROJECT


@dataclass
class Alone:
    """Contained commands of one user, without a gateway."""

    user: str
    folder: Path

    def run(self, *command: str, given: str | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        """One to its end; the last line of its stderr is what `contained_alone` told."""
        return subprocess.run(
            self.words(*command),
            **self.started(),
            **options,
            input=given,
            capture_output=True,
            timeout=300,
            check=False,
        )

    def words(self, *command: str) -> list[str]:
        """The whole command line."""
        program = str(PROJECT / "tests/contained_alone.py")
        return [*as_user(self.user), sys.executable, program, str(self.folder), *command]

    def started(self) -> dict[str, Any]:
        """How it has to be started."""
        secrets = {"SSH_AUTH_SOCK": str(self.folder / "agent"), "DOCKER_HOST": "unix:///run/x", "SOUNDSTAGE_X": "1"}
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(PROJECT), **secrets}
        return {"env": environ, "cwd": self.folder, "text": True}


@contextmanager
def alone_as(user: str) -> Iterator[Alone]:
    """In a folder of that user's, with a data directory that has something to hide."""
    with tempfile.TemporaryDirectory(prefix="soundstage-alone-") as name:
        folder = Path(name)
        for made in (folder / "data", folder / "scratch"):
            made.mkdir()
        for secret in ("ca.pem", "ca-bundle.pem", "ca-key.pem"):
            (folder / "data" / secret).write_text(secret)
        for own in ("admin.token", "policy.yaml"):
            (folder / own).write_text(own)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user)
        yield Alone(user, folder)
