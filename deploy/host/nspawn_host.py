"""A host that systemd-nspawn boots between staging and a stand-in for the world, as often as one likes.

    staging (10.77.0.2) --- eth1 [ the host ] eth0 --- the world (198.51.100.2, 1.1.1.1)

Each boot has networks of its own, so that nothing outlives it but the host's disk. Staging sends from before it begins.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

WORLD = Path(__file__).resolve().parent.parent / "compose" / "world.py"
STAGING = "10.77.0.2"
PATIENCE = 60.0
SENDER = """
import socket, time
while True:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket() as two:
        two.setblocking(False)
        try:
            two.connect_ex(("1.1.1.1", 22))
            one.sendto(b"x", ("1.1.1.1", 9999))
        except OSError:
            pass
    time.sleep(0.02)
"""
ASKS = """
import http.client, ssl
asked = http.client.HTTPSConnection("1.1.1.1", 443, timeout=10, context=ssl._create_unverified_context())
asked.request("GET", "/asked", headers={"Host": "api.partner.test"})
print(asked.getresponse().getheader("Soundstage-Capture"))
"""


class Wrong(Exception):
    """The host did not do what it should; the sentence says what."""


def said(*words: str, given: str | None = None, check: bool = True) -> str:
    """What a command prints."""
    done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if check and done.returncode != 0:
        raise Wrong(f"{' '.join(words)[:200]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def within(what: str, condition: Callable[[], bool]) -> None:
    """Until it holds. Wrong, with `what`, when it does not in time."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise Wrong(what)
        time.sleep(0.1)


def own_machine(work: Path) -> None:
    """Mounts of the namespaces that this runs in: a fresh /run, and the /sys of this network instead of another's.

    Read-only, because no udev runs in here, and nspawn waits for one wherever it could.
    """
    cgroups = work / "cgroups"
    cgroups.mkdir()
    said("mount", "-t", "tmpfs", "tmpfs", "/run")
    said("mount", "--rbind", "/sys/fs/cgroup", str(cgroups))
    said("mount", "-t", "sysfs", "-o", "ro", "sysfs", "/sys")
    said("mount", "--rbind", str(cgroups), "/sys/fs/cgroup")


class Host:
    """One boot of the host, from power on to power off."""

    def __init__(self, work: Path) -> None:
        self.root, self._log = work / "root", work / "world.log"
        self._console = work / "console.log"

    def __enter__(self) -> "Host":
        for one in ("staging", "world"):
            said("ip", "netns", "add", one)
        said("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", "staging")
        said("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "from-host", "netns", "world")
        self._address("staging", "eth0", f"{STAGING}/24", "10.77.0.1")
        self._address("world", "from-host", "198.51.100.2/24", "198.51.100.1")
        said("ip", "-netns", "world", "address", "add", "1.1.1.1/32", "dev", "lo")
        self._log.unlink(missing_ok=True)
        world = [sys.executable, str(WORLD), str(self._log), "22", "443"]
        self._others = [self._started("world", *world, "--packets", "from-host")]
        within("the stand-in for the world does not run", self._world_is_ready)
        self._others.append(self._started("staging", sys.executable, "-c", SENDER))
        words = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=pipe", "--boot"]
        words += ["--directory", str(self.root), "--machine=soundstage-host", "--resolv-conf=off"]
        words += ["--private-network", "--network-interface=eth0", "--network-interface=eth1"]
        with self._console.open("ab") as console:
            # Without it systemd 256 and later do not start services where the machine still has cgroups of version 1.
            environ = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
            self._machine = subprocess.Popen(
                words, env=environ, stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        within(f"the host did not boot: {self._console}", self._is_up)
        return self

    def __exit__(self, *_: object) -> None:
        """As a power cut."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._init(), signal.SIGKILL)
        self._machine.wait(PATIENCE)
        for one in self._others:
            one.kill()
            one.wait(PATIENCE)
        for device in ("eth0", "eth1"):
            said("ip", "link", "delete", device, check=False)  # which nspawn may have given back
        for name in ("staging", "world"):
            said("ip", "netns", "delete", name)

    def run(self, command: str, *, check: bool = True) -> str:
        """What a command of the host's shell prints."""
        words = ["nsenter", f"--target={self._init()}", "--all", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        return said(*words, "sh", "-euc", command, check=check)

    def sightings(self) -> list[str]:
        """What the world saw of staging."""
        return [line for line in self._log.read_text().splitlines() if STAGING in line]

    def asked(self) -> str:
        """The id of the capture that a request of staging's to an address became."""
        return said("nsenter", "--net=/run/netns/staging", sys.executable, "-c", ASKS, check=False).strip()

    def _started(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{name}", *words], stderr=subprocess.DEVNULL)

    def _address(self, name: str, device: str, address: str, via: str) -> None:
        lines = ("link set lo up", f"address add {address} dev {device}", f"link set {device} up")
        given = "\n".join([*lines, f"route add default via {via}", ""])
        said("ip", "-netns", name, "-batch", "-", given=given)

    def _world_is_ready(self) -> bool:
        return self._log.exists() and "ready" in self._log.read_text()

    def _init(self) -> int:
        children = Path(f"/proc/{self._machine.pid}/task/{self._machine.pid}/children").read_text().split()
        if not children:
            raise ProcessLookupError
        return int(children[0])

    def _is_up(self) -> bool:
        with contextlib.suppress(ProcessLookupError, FileNotFoundError, Wrong):
            return self.run("systemctl is-active multi-user.target", check=False).strip() == "active"
        return False
