"""Packages of npm for tests: installed from a lock once, into a folder that stays, and linked into each test's own."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from running import PROJECT

CLIENT = PROJECT / "client" / "node"
UNREACHED = re.compile(
    r"npm error code (E(?:AI_AGAIN|CONNREFUSED|CONNRESET|HOSTUNREACH|NETUNREACH|NOTFOUND|PIPE|TIMEDOUT|429|50[0-4])"
    r"|ERR_SOCKET_TIMEOUT)"
)
"""Anything else, such as a lock that does not fit, is an error."""


def node() -> str:
    """The program. Skips where there is none, or no npm, or one older than what the client is made for."""
    program = shutil.which("node")
    if program is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed: the client for Node is not tried")
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if int(told.removeprefix("v").split(".")[0]) < 20:
        pytest.skip(f"node {told.strip()} is older than 20: its test runner knows too little")
    return program


def suite(folder: Path, target: Path) -> Path:
    """A copy of a suite with its packages, and with this checkout's client in place of an installed one."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("node_modules", "test-results"))
    modules = target / "node_modules"
    modules.mkdir()
    for package in _installed(folder).iterdir():
        if package.name != "soundstage-client":
            (modules / package.name).symlink_to(package)
    (modules / "soundstage-client").symlink_to(CLIENT)
    return target


def _installed(folder: Path) -> Path:
    """`node_modules` of a lock. Two processes may want it at once: each makes its own, one of them is kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "soundstage-tests"
    cache.mkdir(parents=True, exist_ok=True)
    inside = folder.relative_to(PROJECT)
    kept = cache / hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:16]
    if not kept.exists():
        made = Path(tempfile.mkdtemp(dir=cache))
        for name in (inside / "package.json", inside / "package-lock.json", Path("client/node/package.json")):
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, made / name)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        ended = subprocess.run(install, cwd=made / inside, capture_output=True, text=True, check=False)
        if ended.returncode:
            shutil.rmtree(made)
            code = UNREACHED.search(ended.stderr)
            assert code, ended.stderr
            pytest.skip(f"npm reaches no registry for the packages of {inside}: {code[1]}")
        try:
            made.rename(kept)
        except OSError:  # the other was faster
            shutil.rmtree(made)
    return kept / inside / "node_modules"
