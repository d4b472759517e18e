"""Soundstage in the gateway's namespace of the small internet, and the rules that hold without it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from house import PROJECT, clean_environment

from ledger.filters import Filters
from ledger.reader import Reader
from ledger.store import open_ledger


class Net(Protocol):
    """`small_internet.SmallInternet`."""

    folder: Path

    def entered(self, side: str) -> list[str]:
        """The words before a command that is to run there."""
        ...


class Gateway:
    """Soundstage in the gateway's namespace. The rules outlive it."""

    def __init__(self, net: Net, data: Path, policy: str | None, settings: dict[str, str]) -> None:
        self._net = net
        self.data = data
        self.policy = net.folder / "policy.yaml"
        token = net.folder / "token"
        token.write_text("a-token-for-the-small-internet\n")
        self.environ = {
            **clean_environment(),
            "SOUNDSTAGE_BIND": "::",
            "SOUNDSTAGE_STEER_TO": "198.18.0.0/15",
            "SOUNDSTAGE_TRANSPARENT_PORT": "9040",
            "SOUNDSTAGE_PACKET_LOG_GROUP": "77",
            "SOUNDSTAGE_DASHBOARD_BIND": "0.0.0.0",
            "SOUNDSTAGE_DASHBOARD_HOSTS": "10.77.0.1",
            "SOUNDSTAGE_ADMIN_TOKEN_FILE": str(token),
            "SOUNDSTAGE_DATA_DIR": str(data),
            **{f"SOUNDSTAGE_{name}": value for name, value in settings.items()},
        }
        if policy is not None:
            self.policy.write_text(policy)
            self.environ["SOUNDSTAGE_POLICY"] = str(self.policy)
        self.process: subprocess.Popen[bytes] | None = None
        self.addresses: dict[str, str] = {}

    def contain(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`soundstage contain WORDS` in its namespace."""
        return subprocess.run(
            [*self._net.entered("gateway"), *self.words("contain", *words)],
            env=self.environ,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self) -> None:
        """Start it and wait until it is ready."""
        file = self.data / "addresses.json"
        file.unlink(missing_ok=True)
        with (self._net.folder / "stderr").open("ab") as said:
            self.process = subprocess.Popen(
                [*self._net.entered("gateway"), *self.words("up")],
                env=self.environ,
                cwd=PROJECT,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not file.exists():
            assert self.process.poll() is None, f"Soundstage did not come up: {self.said()}"
            assert time.monotonic() < deadline, f"Soundstage was not ready within a minute: {self.said()}"
            time.sleep(0.02)
        self.addresses = json.loads(file.read_text())

    def said(self) -> str:
        """What it wrote to stderr."""
        return (self._net.folder / "stderr").read_text()

    def stop(self) -> None:
        """As an operator stops it. Stopping what does not run is nothing."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def kill(self) -> None:
        """As a crash of everything would: supervisor, gateway and dashboard at once."""
        assert self.process is not None
        os.killpg(self.process.pid, 9)
        self.process.wait(20)

    def captures(self, **filters: Any) -> list[dict[str, Any]]:
        """What it recorded, newest first."""
        ledger = open_ledger(self.data, writer=False)
        try:
            return [stored.as_contract() for stored in Reader(ledger).captures(Filters(**filters), limit=1000).items]
        finally:
            ledger.close()

    def wait_for(self, count: int = 1, **filters: Any) -> list[dict[str, Any]]:
        """The captures that match, once there are as many."""
        deadline = time.monotonic() + 30
        while len(found := self.captures(**filters)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} for {filters}: {self.captures()}"
            time.sleep(0.05)
        return found

    def words(self, *words: str) -> list[str]:
        """A command line of this checkout's `soundstage`."""
        return [sys.executable, "-P", "-m", "soundstage", *words]
