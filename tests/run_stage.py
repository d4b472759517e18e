"""A whole Soundstage for `soundstage run`, of root or of an ordinary user, and commands run in it.

Tests run as root as a rule, and a Python that lies under root's home is none that others can start: the ordinary user
gets a mount namespace in which it can be reached.
"""

import functools
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from running import Running, command, environment

PROJECT = Path(__file__).resolve().parent.parent
NOBODY = "nobody"
REACHABLE = """
set -e
mkdir -p "$KEPT"; mount --bind "$HOME_OF_PYTHON" "$KEPT"
mount -t tmpfs -o mode=755 none "$CLOSED"
mkdir -p "$HOME_OF_PYTHON"; mount --move "$KEPT" "$HOME_OF_PYTHON"
exec "$@"
"""


@functools.cache
def why_not() -> str | None:
    """Why contained runs cannot be tried on this machine; None: they can."""
    missing = [name for name in ("ip", "nft", "unshare", "setpriv", "curl") if shutil.which(name) is None]
    if missing:
        return f"the programs {', '.join(missing)} are not installed"
    # By an ordinary user, and with something done in them: AppArmor lets them be made and forbids the rest.
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    made = [*drop, "unshare", "-Urnm", "ip", "link", "set", "lo", "up"]
    tried = subprocess.run(made, capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"user namespaces are not to be had: {tried.stderr.strip()}"


@functools.cache
def as_user(user: str) -> tuple[str, ...]:
    """The words before a command that make it run as that user."""
    if user == pwd.getpwuid(os.getuid()).pw_name:
        return ()
    of = pwd.getpwnam(user)
    drop = ["setpriv", f"--reuid={of.pw_uid}", f"--regid={of.pw_gid}", "--clear-groups"]
    python = Path(os.path.realpath(sys.executable)).parent.parent
    closed = next((path for path in reversed(python.parents) if not path.stat().st_mode & 0o001), None)
    if closed is None:
        return tuple(drop)
    kept = tempfile.gettempdir() + "/soundstage-tests-python"
    named = ["env", f"KEPT={kept}", f"CLOSED={closed}", f"HOME_OF_PYTHON={python}"]
    return (*named, "unshare", "--mount", "sh", "-c", REACHABLE, "sh", *drop)


class RunHouse:
    """A running Soundstage, and `soundstage run` against it, both of one user."""

    def __init__(self, user: str, folder: Path) -> None:
        self.user, self.folder = user, folder
        self.data = folder / "data"
        self.home = folder / "home"
        self.home.mkdir()
        kept = {"HOME": str(self.home), "USER": user, "LOGNAME": user, "PYTHONDONTWRITEBYTECODE": "1"}
        self.environ = {**environment(self.data), **kept}
        self.process: subprocess.Popen[str] | None = None
        self.entered: tuple[str, ...] = ()
        """The words before every command of it: another network namespace than ours."""

    @classmethod
    def of(cls, running: Running, folder: Path) -> "RunHouse":
        """One that runs already, as ourselves."""
        made = cls(pwd.getpwuid(os.getuid()).pw_name, folder)
        made.data, made.addresses = running.data_dir, running.addresses
        made.environ |= {"SOUNDSTAGE_DATA_DIR": str(running.data_dir)}
        return made

    def start(self) -> None:
        """Start it and wait until it is ready."""
        (self.data / "addresses.json").unlink(missing_ok=True)
        with (self.folder / "stderr").open("w") as said:
            self.process = subprocess.Popen(
                [*self.entered, *as_user(self.user), *command("up")],
                env=self.environ,
                cwd=self.home,
                text=True,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        deadline = time.monotonic() + 60
        while not (self.data / "addresses.json").exists():
            assert self.process.poll() is None, (self.folder / "stderr").read_text()
            assert time.monotonic() < deadline, "Soundstage was not ready within a minute"
            time.sleep(0.02)
        self.addresses: dict[str, str] = json.loads((self.data / "addresses.json").read_text())

    def words(self, *words: str, options: tuple[str, ...] = ()) -> list[str]:
        """The whole command line of `soundstage run [OPTIONS] -- WORDS`."""
        return [*self.entered, *as_user(self.user), *command("run", *options, "--", *words)]

    def run(
        self, *words: str, options: tuple[str, ...] = (), given: str | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """`soundstage run`, to its end."""
        return subprocess.run(
            self.words(*words, options=options),
            env={**self.environ, **more},
            cwd=self.home,
            input=given,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def told(self, *words: str, options: tuple[str, ...] = (), **more: str) -> tuple[dict[str, Any], str]:
        """What the run says of itself at its end, and what the command printed. It has to have been good."""
        about = self.home / "about.json"
        done = self.run(*words, options=(*options, "--about", str(about)), **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(about.read_text()), done.stdout

    def captures(self, run: str) -> list[dict[str, Any]]:
        """What the run is answerable for, newest first."""
        headers = {"authorization": f"Bearer {(self.data / 'admin.token').read_text().strip()}"}
        with httpx.Client(base_url=self.addresses["dashboard"], headers=headers, trust_env=False) as api:
            items: list[dict[str, Any]] = api.get("/api/captures", params={"run": run, "limit": "1000"}).json()["items"]
        return items

    def kill(self) -> None:
        """As a crash would: nothing is closed."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(15)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(15)


@contextmanager
def run_house(user: str) -> Iterator[RunHouse]:
    """One in a folder that its user may use."""
    with tempfile.TemporaryDirectory(prefix="soundstage-run-house-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        house = RunHouse(user, folder)
        for path in (folder, house.home):
            shutil.chown(path, user)
        try:
            house.start()
            yield house
        finally:
            house.stop()
