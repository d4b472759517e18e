"""Engine: docker or podman by its command line, and containers that end with this process, however it ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from pytest_soundstage.trouble import Unanswered

PROGRAMS = ("docker", "podman")
SECONDS = 60.0
"""For one answer of the engine."""
REAPER = """
import shutil, subprocess, sys, time
said = sys.stdin.buffer.read(1)
for _ in range(0 if said else 10):
    subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    time.sleep(0.5)
"""
"""Removes a container and its folder here when its pipe ends without a word; for some seconds, since it may be just
about to be made."""


class Engine:
    """The one that is named, else the first of PROGRAMS on PATH. Raises Unanswered where there is none."""

    def __init__(self, program: str | None = None) -> None:
        found = next(filter(None, map(shutil.which, [program] if program else PROGRAMS)), None)
        if found is None:
            wanted = program or " nor ".join(PROGRAMS)
            raise Unanswered(f"there is no {wanted} on PATH to start a container with")
        self.program = found

    def ask(self, *words: str) -> bytes:
        """What a command prints. Raises Unanswered with what it says where it fails, or takes too long."""
        command = [self.program, *words]
        try:
            ended = subprocess.run(  # noqa: S603 - the engine's own command, with words of ours
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise Unanswered(f"`{' '.join(command[:3])}` did not end within {SECONDS:g} s") from None
        if ended.returncode:
            raise Unanswered(f"`{' '.join(command[:3])}` failed: {ended.stderr.decode(errors='replace').strip()}")
        return ended.stdout

    def run(self, name: str, words: Sequence[str], folder: Path) -> Running:
        """A container in the foreground, which is removed when it ends. What it prints goes to `said` in its folder."""
        with (folder / "said").open("wb") as said:
            return Running(self, name, words, folder, said)


class Running:
    """One container, from its start to `stop`. A reaper removes it if this process ends before that."""

    def __init__(self, engine: Engine, name: str, words: Sequence[str], folder: Path, said: IO[bytes]) -> None:
        self._engine, self.name = engine, name
        remove = [engine.program, "rm", "--force", "--volumes", name]
        # Sessions of their own: Ctrl-C ends the tests, which then still ask what was captured.
        self._reaper = subprocess.Popen(  # noqa: S603 - this Python, and the engine's own command
            [sys.executable, "-I", "-S", "-c", REAPER, str(folder), *remove],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._client = subprocess.Popen(  # noqa: S603 - the engine's own command
            [engine.program, "run", "--rm", "--name", name, *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )

    @property
    def has_ended(self) -> bool:
        return self._client.poll() is not None

    def stop(self) -> None:
        """Remove it. Where the engine does not do that at once, the reaper goes on trying."""
        if self._reaper.stdin is None or self._reaper.stdin.closed:
            return
        try:
            if not self.has_ended:
                self._engine.ask("rm", "--force", "--volumes", self.name)
            self._client.wait(SECONDS)
            self._reaper.stdin.write(b".")
        except (Unanswered, subprocess.TimeoutExpired):
            self._client.kill()
            self._client.wait()
        finally:
            self._reaper.stdin.close()
        self._reaper.wait()
