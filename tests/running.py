"""Running: `soundstage up` as an operator starts it, on free ports in a folder of its own, and ways to ask it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PROJECT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60.0
"""A bound, not an expectation: machines that run tests are busy."""
STOP_SECONDS = 15.0
PORTS = ("PROXY", "SMTP", "SMTPS", "HTTPS", "HTTP", "DNS", "SOCKS", "DASHBOARD")


def environment(data_dir: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every port free, nothing of this process's own settings or proxies."""
    ours = ("SOUNDSTAGE_", "PYTEST_")
    kept = {n: v for n, v in os.environ.items() if not n.startswith(ours) and not n.lower().endswith("_proxy")}
    ports = {f"SOUNDSTAGE_{name}_PORT": "0" for name in PORTS}
    return {**kept, **ports, "PYTHONPATH": str(PROJECT), "SOUNDSTAGE_DATA_DIR": str(data_dir), **(more or {})}


def command(*words: str) -> list[str]:
    """The command line of this checkout."""
    return [sys.executable, "-P", "-m", "soundstage", *words]


@dataclass
class Running:
    """One running Soundstage."""

    data_dir: Path
    process: subprocess.Popen[str]
    environ: dict[str, str]
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """The admin token."""
        return (self.data_dir / "admin.token").read_text().strip()

    @property
    def ca(self) -> Path:
        """The certificate clients have to trust."""
        return Path(self.addresses["ca"])

    def place(self, name: str) -> tuple[str, int]:
        """Host and port of a listener: `proxy`, `https`, `http`, `dns`, `smtp`, `smtps`."""
        host, _, port = self.addresses[name].rpartition(":")
        return host.strip("[]"), int(port)

    def api(self) -> httpx.Client:
        """The API with the admin token."""
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.addresses["dashboard"], headers=headers, trust_env=False, timeout=70)

    def wait_for(self, count: int = 1, **filters: str) -> list[dict[str, Any]]:
        """The captures that match, once there are as many. AssertionError with what was seen instead."""
        with self.api() as api:
            answer = api.get("/api/captures/wait", params={**filters, "count": str(count), "timeout": "30"})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A `soundstage` command against this one."""
        environ = {**self.environ, **more}
        return subprocess.run(command(*words), env=environ, capture_output=True, text=True, timeout=60, check=False)

    def env(self) -> dict[str, str]:
        """What `soundstage env` tells a program, as an environment for it."""
        told: dict[str, str] = json.loads(self.run("env", "--json").stdout)
        return told

    def kill(self) -> None:
        """As a crash would: nothing is closed."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)


@contextlib.contextmanager
def started(folder: Path, more: Mapping[str, str] | None = None, *options: str) -> Iterator[Running]:
    """Start it, wait until it is ready, and stop it. AssertionError with what it said where it does not start."""
    data_dir = folder / "data"
    environ = environment(data_dir, more)
    (data_dir / "addresses.json").unlink(missing_ok=True)  # what a killed one left behind is not this one's
    with (folder / "stdout").open("a+") as out, (folder / "stderr").open("a+") as err:
        process = subprocess.Popen(command("up", *options), env=environ, stdout=out, stderr=err, text=True, cwd=folder)
        running = Running(data_dir, process, environ)
        try:
            running.addresses = _ready(running, folder)
            yield running
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(STOP_SECONDS)


def _ready(running: Running, folder: Path) -> dict[str, str]:
    file, deadline = running.data_dir / "addresses.json", time.monotonic() + READY_SECONDS
    while not file.exists():
        said = (folder / "stderr").read_text()
        assert running.process.poll() is None, f"soundstage up ended: {said}"
        assert time.monotonic() < deadline, f"soundstage up is not ready after {READY_SECONDS:g} s: {said}"
        time.sleep(0.02)
    addresses: dict[str, str] = json.loads(file.read_text())
    return addresses
