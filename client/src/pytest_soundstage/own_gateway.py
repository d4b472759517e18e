"""OwnGateway: a Soundstage of this test session's own, on free ports and in a temporary folder, stopped at its end."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from pytest_soundstage.place import Place, of_data_dir
from pytest_soundstage.trouble import Unanswered

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
PORTS = ("PROXY", "SMTP", "SMTPS", "HTTPS", "HTTP", "DNS", "SOCKS", "DASHBOARD")
NOT_ITS_OWN = tuple(f"SOUNDSTAGE_{name}" for name in ("URL", "TOKEN", "RUN", "COMMAND", "ADMIN_TOKEN_FILE"))
"""Variables of clients, and of another Soundstage."""


def command(environ: Mapping[str, str]) -> list[str]:
    """How it is started: SOUNDSTAGE_COMMAND, else this Python's own, else the one on PATH. Raises Unanswered."""
    if environ.get("SOUNDSTAGE_COMMAND"):
        return shlex.split(environ["SOUNDSTAGE_COMMAND"])
    if _importable():
        return [sys.executable, "-m", "soundstage"]
    program = shutil.which("soundstage", path=environ.get("PATH"))
    if program:
        return [program]
    raise Unanswered(
        "--soundstage=auto finds no Soundstage to start: this Python has none and there is no `soundstage` on PATH; "
        "set SOUNDSTAGE_COMMAND to the command that starts it, such as /opt/soundstage/.venv/bin/soundstage"
    )


def _importable() -> bool:
    try:
        return importlib.util.find_spec("soundstage.__main__") is not None
    except ImportError:
        return False


class OwnGateway:
    """Running from `start` to `stop`."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = dict(os.environ if environ is None else environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    def start(self) -> Place:
        """Where it is, once it is ready. Raises Unanswered with what it said where it does not become so."""
        self._folder = Path(tempfile.mkdtemp(prefix="soundstage-pytest-"))
        with (self._folder / "said").open("wb") as said:
            # A session of its own: Ctrl-C ends the tests, which then still ask it what was captured.
            self._process = subprocess.Popen(  # noqa: S603 - the command is the user's own
                [*command(self._environ), "up"],
                env=self._settings(self._folder / "data"),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        try:
            self._wait(self._process, self._folder)
            return of_data_dir(self._folder / "data", {})
        except Unanswered:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_SECONDS)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _settings(self, data: Path) -> dict[str, str]:
        kept = {name: value for name, value in self._environ.items() if name not in NOT_ITS_OWN}
        ports = {f"SOUNDSTAGE_{name}_PORT": "0" for name in PORTS}
        return {**kept, **ports, "SOUNDSTAGE_BIND": "127.0.0.1", "SOUNDSTAGE_DATA_DIR": str(data)}

    def _wait(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        until = time.monotonic() + READY_SECONDS
        while not (folder / "data" / "addresses.json").exists():
            said = (folder / "said").read_text(encoding="utf-8", errors="replace").strip()
            if process.poll() is not None:
                raise Unanswered(f"`{shlex.join(command(self._environ))} up` ended: {said}")
            if time.monotonic() > until:
                raise Unanswered(f"the Soundstage that was started is not ready after {READY_SECONDS:g} s: {said}")
            time.sleep(0.02)
