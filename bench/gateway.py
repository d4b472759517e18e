"""A Soundstage of the benchmark's own: `soundstage up` on free ports in a temporary data directory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from soundstage.gateway_process import SETTLED_SECONDS

PORTS = ("PROXY", "SMTP", "SMTPS", "HTTPS", "HTTP", "DNS", "SOCKS", "DASHBOARD")


class Gateway:
    """Started for the block. `seconds_to_ready` from the start of the process to `addresses.json`."""

    def __init__(self, policy: str | None = None, settings: dict[str, str] | None = None) -> None:
        self._policy, self._settings = policy, settings or {}

    def __enter__(self) -> "Gateway":
        self._folder = tempfile.TemporaryDirectory(prefix="soundstage-bench-")
        self.data = Path(self._folder.name) / "data"
        self._environment = {
            **os.environ,
            **{f"SOUNDSTAGE_{name}_PORT": "0" for name in PORTS},
            "SOUNDSTAGE_DATA_DIR": str(self.data),
            **self._settings,
        }
        if self._policy is not None:
            policy = Path(self._folder.name) / "policy.yaml"
            policy.write_text(self._policy)
            self._environment["SOUNDSTAGE_POLICY"] = str(policy)
        self.start()
        return self

    def start(self) -> None:
        """Start the processes and wait until everything is ready."""
        self._started = started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soundstage", "up"], env=self._environment, stdout=subprocess.DEVNULL
        )
        addresses = self.data / "addresses.json"
        while not addresses.exists():
            if self._process.poll() is not None or time.monotonic() - started > 60:
                raise SystemExit("bench: Soundstage did not come up; what it said is above")
            time.sleep(0.01)
        self.seconds_to_ready = time.monotonic() - started
        self.addresses: dict[str, str] = json.loads(addresses.read_text())

    def settle(self) -> None:
        """Wait until a start's last work, which is left for when nobody waits for it, is done too."""
        time.sleep(max(0.0, self._started + SETTLED_SECONDS + 3 - time.monotonic()))

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        self._process.terminate()
        self._process.wait(20)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def token(self) -> str:
        """The admin's bearer token."""
        return (self.data / "admin.token").read_text().strip()

    @property
    def gateway_process(self) -> int:
        """The process that carries traffic: the one that holds the proxy's port."""
        return process_listening_on(int(self.addresses["proxy"].rsplit(":", 1)[1]))


def process_listening_on(port: int) -> int:
    """The process that holds a listening TCP socket on a port (proc(5): net/tcp names its inode)."""
    inode = next(
        fields[9]
        for fields in (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port
    )
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(entry.readlink()) == f"socket:[{inode}]" for entry in (folder / "fd").iterdir()):
                return int(folder.name)
        except OSError:
            continue
    raise LookupError(f"no process listens on port {port}")
