"""A contained command, as root and as an ordinary user: what it tries to get out by, and how it starts and ends."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from contained_stage import Alone, alone_as
from run_stage import NOBODY, as_user, why_not
from running import PROJECT

from soundstage.namespace_inside import KINDS

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user as well"),
    pytest.mark.skipif(why_not() is not None, reason=f"commands cannot be contained here: {why_not()}"),
]
USERS = ("root", NOBODY)
OPEN_OUTSIDE = (
    *("unix-tmp", "unix-home", "unix-agent", "unix-runtime", "unix-by-a-link", "unix-abstract", "control-socket"),
    *("loopback-service-outside", "keys", "policy", "admins-token", "descriptors", "variables", "processes-outside"),
)
"""Ways that need nothing but to be outside: what stops them inside is the containment, and not a mistake here."""


@pytest.fixture(scope="module", params=USERS)
def alone(request: pytest.FixtureRequest) -> Iterator[Alone]:
    with alone_as(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def attempts(alone: Alone) -> dict[str, Any]:
    """What became of each way out, with all of it there outside."""
    folder = alone.folder
    unix = {
        "tmp": tempfile.mktemp(prefix="soundstage-way-out-", suffix=".sock"),
        "home": str(folder / "docker.sock"),
        "agent": str(folder / "agent"),
        "runtime": f"/run/soundstage-way-out-{os.getpid()}.sock",
        "control": str(folder / "data/control.sock"),
    }
    with ExitStack() as held:
        for path in unix.values():
            _listens(held, socket.AF_UNIX, path)
            held.callback(Path(path).unlink)
            shutil.chown(path, alone.user)
        _listens(held, socket.AF_UNIX, f"\0soundstage-way-out-{alone.user}-{os.getpid()}")
        tcp = _listens(held, socket.AF_INET, ("127.0.0.1", 0))
        (folder / "link").symlink_to(unix["home"])
        shutil.copy("/usr/bin/id", folder / "setuid-id")
        (folder / "setuid-id").chmod(0o4755)
        outside = {
            "unix": unix,
            "link": str(folder / "link"),
            "abstract": f"soundstage-way-out-{alone.user}-{os.getpid()}",
            "tcp": tcp.getsockname()[1],
            "data": str(folder / "data"),
            "pid": os.getpid(),
            "uid": pwd.getpwnam(alone.user).pw_uid,
            "setuid": str(folder / "setuid-id"),
        }
        ways = str(PROJECT / "tests/ways_out.py")
        spare = os.open("/etc/hostname", os.O_RDONLY)
        held.callback(os.close, spare)
        done = alone.run(sys.executable, ways, json.dumps(outside), pass_fds=(spare,))
        free = [*as_user(alone.user), sys.executable, ways, json.dumps(outside), *OPEN_OUTSIDE]
        control = subprocess.run(free, **alone.started(), capture_output=True, pass_fds=(spare,), check=True)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stderr.splitlines()[-1])
    return {"ways": json.loads(done.stdout), "outside": json.loads(control.stdout), **told}


def _listens(held: ExitStack, family: int, address: Any) -> socket.socket:
    made = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
    made.bind(address)
    made.listen()
    return made


def ways() -> list[str]:
    """Every way that the program knows."""
    outside = {"unix": dict.fromkeys(("tmp", "home", "agent", "runtime", "control"), "/"), "uid": 1, "setuid": "/"}
    asked = json.dumps({**outside, "link": "/", "abstract": "a", "tcp": 1, "data": "/", "pid": 1})
    listing = f"import sys; sys.argv[1:] = [{asked!r}]; import ways_out; print('\\n'.join(ways_out.WAYS))"
    told = subprocess.run([sys.executable, "-c", listing], cwd=PROJECT / "tests", capture_output=True, check=True)
    return told.stdout.decode().split()


@pytest.mark.parametrize("way", ways())
def test_no_way_out(attempts: dict[str, Any], way: str) -> None:
    assert attempts["ways"][way].startswith("stopped")


@pytest.mark.parametrize("way", OPEN_OUTSIDE)
def test_the_same_way_is_open_outside(attempts: dict[str, Any], way: str) -> None:
    assert attempts["outside"][way].startswith("OPEN")


def test_connections_arrive_with_where_they_were_meant_to_go(attempts: dict[str, Any]) -> None:
    met = [(source, tuple(place)) for source, place in attempts["met"]]
    assert ("127.0.0.1", ("1.1.1.1", 443)) in met
    assert ("::1", ("2606:4700::1111", 8443)) in met
    assert ("127.0.0.1", ("9.9.9.9", 53)) in met


def test_what_is_refused_is_counted(attempts: dict[str, Any]) -> None:
    assert attempts["refused"]["udp"] >= 3


def test_namespaces_are_of_every_kind_that_leads_out() -> None:
    assert KINDS & os.CLONE_NEWNET
    assert KINDS & os.CLONE_NEWNS
