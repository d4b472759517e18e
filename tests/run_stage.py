"""RunStage: `soundstage run` against a Soundstage that runs, as root or as an ordinary user whose both are.

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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from running import Running, command, started

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


def of_user(user: str, home: Path) -> dict[str, str]:
    """The variables that say who somebody is."""
    return {"HOME": str(home), "USER": user, "LOGNAME": user, "PYTHONDONTWRITEBYTECODE": "1"}


class RunStage:
    """Runs of the user whose Soundstage it is, from a home of theirs."""

    def __init__(self, gateway: Running, home: Path, user: str | None = None) -> None:
        self.gateway, self.home = gateway, home
        self.user = user or pwd.getpwuid(os.getuid()).pw_name
        self.environ = {**gateway.environ, **of_user(self.user, home)}

    def words(self, *words: str, options: tuple[str, ...] = ()) -> list[str]:
        """The whole command line of `soundstage run [OPTIONS] -- WORDS`."""
        return [*self.gateway.before, *command("run", *options, "--", *words)]

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
            timeout=300,
            check=False,
        )

    def told(self, *words: str, options: tuple[str, ...] = (), **more: str) -> tuple[dict[str, Any], str]:
        """What the run says of itself at its end, and what the command printed. It has to have been good."""
        about = self.home / "about.json"
        done = self.run(*words, options=(*options, "--about", str(about)), **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(about.read_text()), done.stdout


@contextmanager
def run_stage(
    user: str,
    more: Mapping[str, str] | None = None,
    *,
    policy: str | None = None,
    before: Sequence[str] = (),
) -> Iterator[RunStage]:
    """One with a Soundstage of that user, in a folder they may use; `before`: words that lead to another network."""
    with tempfile.TemporaryDirectory(prefix="soundstage-run-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        home = folder / "home"
        home.mkdir()
        for path in (folder, home):
            shutil.chown(path, user)
        own = of_user(user, home) | dict(more or {})
        with started(folder, own, policy=policy, before=(*before, *as_user(user))) as gateway:
            yield RunStage(gateway, home, user)
