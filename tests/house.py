"""A house: a whole Soundstage as a user starts it, with a policy of its own, and programs run in it by either entrance.

The *explicit* house listens on free ports, and its programs get the variables of `soundstage env`. The *steered* house
has network and mount namespaces of its own in which every name is steered: the gateway listens on the standard ports
of loopback, the resolver is its DNS responder, and a program run there with no proxy variable at all reaches Soundstage
whatever name it means. That needs root, which CI has.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ledger.filters import Filters
from ledger.reader import Reader
from ledger.store import open_ledger

PROJECT = Path(__file__).resolve().parent.parent
FREE_PORTS = dict.fromkeys(("PROXY", "HTTPS", "HTTP", "DNS", "SOCKS", "SMTP", "SMTPS", "DASHBOARD"), "0")
STANDARD_PORTS = {
    "PROXY": "8080",
    "HTTPS": "443",
    "HTTP": "80",
    "DNS": "53",
    "SOCKS": "1080",
    "SMTP": "587",
    "SMTPS": "465",
    "DASHBOARD": "8025",
}
ENTER = """
ip link set lo up
echo "nameserver 127.0.0.1" > "$FOLDER/resolv.conf"
[ -e /etc/resolv.conf ] && mount --bind "$FOLDER/resolv.conf" "$(readlink -f /etc/resolv.conf)"
exec "$PYTHON" -m soundstage up
"""


def can_steer() -> bool:
    """Whether this machine lets us make a steered house."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None and shutil.which("ip") is not None


def clean_environment() -> dict[str, str]:
    """The environment without anything that routes or trusts, and without Soundstage's own settings."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ}


class House:
    """Running while the block lasts. `policy` is the text of its policy file."""

    def __init__(
        self, *, steered: bool = False, policy: str | None = None, data: Path | None = None, **settings: str
    ) -> None:
        self._steered, self._policy, self._settings, self._data = steered, policy, settings, data

    def __enter__(self) -> "House":
        self._folder = tempfile.TemporaryDirectory(prefix="soundstage-house-")
        self.folder = Path(self._folder.name)
        self.data = self._data or self.folder / "data"
        ports = STANDARD_PORTS if self._steered else FREE_PORTS
        self._own = {f"SOUNDSTAGE_{name}_PORT": port for name, port in ports.items()}
        self._own |= {"SOUNDSTAGE_DATA_DIR": str(self.data), **self._settings}
        if self._policy is not None:
            (self.folder / "policy.yaml").write_text(self._policy)
            self._own["SOUNDSTAGE_POLICY"] = str(self.folder / "policy.yaml")
        self.start()
        return self

    def start(self) -> None:
        """Start it and wait until `addresses.json` says that everything is ready."""
        enter = ["unshare", "--net", "--mount", "sh", "-c", ENTER]
        self.process = subprocess.Popen(
            enter if self._steered else [sys.executable, "-m", "soundstage", "up"],
            env={**clean_environment(), **self._own, "FOLDER": str(self.folder), "PYTHON": sys.executable},
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
        )
        addresses, deadline = self.data / "addresses.json", time.monotonic() + 60
        while not addresses.exists():
            assert self.process.poll() is None, "Soundstage did not come up; what it said is above"
            assert time.monotonic() < deadline, "Soundstage was not ready within a minute"
            time.sleep(0.02)
        self.addresses: dict[str, str] = json.loads(addresses.read_text())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(15)
        self._folder.cleanup()

    @property
    def token(self) -> str:
        """The admin's bearer token."""
        return (self.data / "admin.token").read_text().strip()

    def run(self, *command: str, cwd: Path = PROJECT, variables: Mapping[str, str] | None = None) -> str:
        """What a program prints that is routed here as its operator would route it."""
        return subprocess.run(
            [*self._inside(cwd), *command],
            env={**clean_environment(), **self._routed(), **(variables or {})},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=90,
            cwd=cwd,
        ).stdout

    def _inside(self, folder: Path) -> list[str]:
        """The words that run a command in the steered house's namespaces; entering them forgets the working folder."""
        if not self._steered:
            return []
        return ["nsenter", "--target", str(self.process.pid), "--net", "--mount", f"--wd={folder}"]

    def _routed(self) -> dict[str, str]:
        """The variables of `soundstage env`; of the steered house those alone that make the CA trusted."""
        variables = self._env
        if not self._steered:
            return variables
        return {
            name: value for name, value in variables.items() if "proxy" not in name.lower() or name.startswith("SMTP")
        }

    @functools.cached_property
    def _env(self) -> dict[str, str]:
        told = self.command("env", "--shell", "dotenv")
        pairs = (line.split("=", 1) for line in told.splitlines() if "=" in line and not line.startswith("#"))
        return {name: value.strip("\"'") for name, value in pairs}

    def command(self, *words: str) -> str:
        """What `soundstage WORDS` prints here."""
        return subprocess.run(
            [*self._inside(PROJECT), sys.executable, "-m", "soundstage", *words],
            env={**clean_environment(), **self._own},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            cwd=PROJECT,
        ).stdout

    def captures(self, **filters: Any) -> list[dict[str, Any]]:
        """What it recorded, newest first, as the contract shows it: read from its ledger, wherever its network is."""
        ledger = open_ledger(self.data, writer=False)
        try:
            page = Reader(ledger).captures(Filters(**filters), limit=1000)
            return [stored.as_contract() for stored in page.items]
        finally:
            ledger.close()
