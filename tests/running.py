"""Running: `soundstage up` as an operator starts it, and everything a test asks of one that runs.

    with started(tmp_path) as running:                          # by itself, on free ports
    with started(tmp_path, {"SOUNDSTAGE_...": "..."}, policy="version: 1\n") as running:
    with started(tmp_path, before=words) as running:            # where those words lead: a namespace, another user

Most tests need none of their own: the fixtures `gateway`, `mended_gateway` and `own_gateway` are such. A gateway inside
the test's own process, before a stand-in for the internet, is `leak_house.leak_house`.
"""

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from ledger.filters import Filters
from ledger.reader import Reader
from ledger.store import open_ledger

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 120.0
"""Seconds. A bound, not an expectation: machines that run tests are busy."""
STOP_SECONDS = 60.0
PORTS = ("PROXY", "SMTP", "SMTPS", "HTTPS", "HTTP", "DNS", "SOCKS", "DASHBOARD")
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of the API, which speaks none: to load the system's roots each time costs more than the answer."""


def clean_environment() -> dict[str, str]:
    """The environment without anything that routes or trusts, and without Soundstage's own settings."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ}


def environment(data_dir: Path, more: Mapping[str, str] | None = None, *, free_ports: bool = True) -> dict[str, str]:
    """A clean one for `soundstage` on a data directory, with every port free or all as they are by default."""
    ports = {f"SOUNDSTAGE_{name}_PORT": "0" for name in PORTS} if free_ports else {}
    ours = {"PYTHONPATH": str(PROJECT), "SOUNDSTAGE_DATA_DIR": str(data_dir)}
    return {**clean_environment(), **ports, **ours, **(more or {})}


def command(*words: str) -> list[str]:
    """The command line of this checkout."""
    return [sys.executable, "-P", "-m", "soundstage", *words]


def eventually(holds: Callable[[], object], what: str) -> None:
    """Wait until it is so. AssertionError that names it otherwise."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}"
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    """Whether a process is there still, and not a mere entry that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


ALIVE: "weakref.WeakSet[Running]" = weakref.WeakSet()
"""Those that a test or a fixture holds: where one fails, `running_log` shows what they said."""


class Running:
    """One Soundstage. `folder` has its log, and its `data` and `policy.yaml` where nothing else is said."""

    def __init__(
        self,
        folder: Path,
        more: Mapping[str, str] | None = None,
        *,
        policy: str | None = None,
        data: Path | None = None,
        before: Sequence[str] = (),
        free_ports: bool = True,
    ) -> None:
        self.folder, self.data_dir, self.before = folder, data or folder / "data", tuple(before)
        self.policy = folder / "policy.yaml"
        self.environ = environment(self.data_dir, more, free_ports=free_ports)
        if policy is not None:
            self.policy.write_text(policy)
            self.environ["SOUNDSTAGE_POLICY"] = str(self.policy)
        self.addresses: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None
        ALIVE.add(self)

    @property
    def process(self) -> subprocess.Popen[str]:
        """The supervisor."""
        assert self._process is not None, "it was never started"
        return self._process

    def start(self, *options: str) -> None:
        """Start it and wait until it is ready. AssertionError with what it said where it does not come up."""
        file = self.data_dir / "addresses.json"
        file.unlink(missing_ok=True)  # what a killed one left behind is not this one's
        words = [*self.before, *command("up", *options)]
        with (self.folder / "stdout").open("a") as out, (self.folder / "stderr").open("a") as err:
            self._process = subprocess.Popen(
                words, env=self.environ, stdout=out, stderr=err, text=True, cwd=self.folder
            )
        try:
            eventually(lambda: file.exists() or self.process.poll() is not None, "it is ready")
            assert file.exists(), "`soundstage up` ended"
        except BaseException as error:
            self.stop()
            error.add_note(f"It said: {self.said()}")
            raise
        self.addresses = json.loads(file.read_text())

    def stop(self) -> None:
        """As an operator stops it. To stop what does not run is nothing."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)

    def kill(self, *, all_of_it: bool = False) -> None:
        """As a crash would: nothing is closed. Of the supervisor alone, or of its processes at the same time."""
        mine = [*self.processes().values()]
        self.process.send_signal(signal.SIGKILL)
        for pid in mine if all_of_it else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        eventually(lambda: not any(map(_lives, mine)), "its processes have died with it")

    @contextlib.contextmanager
    def unmended(self) -> Iterator[None]:
        """While the block lasts, what dies is not started again: however slow a test is, it sees what is missing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def processes(self) -> dict[str, int]:
        """The processes that the supervisor has now: their ids, by `gateway` and `dashboard`."""
        found, supervisor = {}, self.process.pid
        for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if words[-2:-1] and words[-2].startswith(b"_"):
                    found[words[-2].decode().removeprefix("_")] = int(child)
        return found

    def is_whole(self) -> bool:
        """Whether both processes are there and ready."""
        with contextlib.suppress(httpx.HTTPError), self.api() as api:
            return len(self.processes()) == 2 and api.get("/readyz").status_code == 200
        return False

    def said(self) -> str:
        """What it wrote to stderr so far."""
        log = self.folder / "stderr"
        return log.read_text(errors="replace") if log.exists() else ""

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
        where = self.addresses["dashboard"]
        return httpx.Client(base_url=where, headers=headers, trust_env=False, timeout=70, verify=NO_TLS)

    def captures(self, **filters: Any) -> list[dict[str, Any]]:
        """What it recorded, newest first, as the contract shows it: out of its ledger, whether or not it runs."""
        with contextlib.closing(open_ledger(self.data_dir, writer=False)) as ledger:
            page = Reader(ledger).captures(Filters(**filters), limit=1000)
            return [stored.as_contract() for stored in page.items]

    def wait_for(self, count: int = 1, **filters: Any) -> list[dict[str, Any]]:
        """The captures that match, once there are as many. AssertionError with what was seen instead."""
        deadline = time.monotonic() + PATIENCE
        while len(found := self.captures(**filters)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} for {filters}: {self.captures()}"
            time.sleep(0.02)
        return found

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A `soundstage` command where it runs, to its end; `more`: variables of its environment."""
        environ = {**self.environ, **more}
        line = [*self.before, *command(*words)]
        return subprocess.run(line, env=environ, capture_output=True, text=True, timeout=300, check=False)

    def env(self) -> dict[str, str]:
        """What `soundstage env` tells a program, as an environment for it."""
        told: dict[str, str] = json.loads(self.run("env", "--json").stdout)
        return told


@contextlib.contextmanager
def started(
    folder: Path,
    more: Mapping[str, str] | None = None,
    *options: str,
    policy: str | None = None,
    data: Path | None = None,
    before: Sequence[str] = (),
    free_ports: bool = True,
) -> Iterator[Running]:
    """One that runs while the block lasts, ready. `more`: settings; `policy`: the text of its file."""
    running = Running(folder, more, policy=policy, data=data, before=before, free_ports=free_ports)
    running.start(*options)
    try:
        yield running
    finally:
        running.stop()
