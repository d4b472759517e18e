"""A small internet of network namespaces: a staging host, the gateway, and the world, which logs every packet.

    staging --- (staging0) gateway (world0) --- world

The gateway is a router with a default route to the world, and the world has a way back: nothing but the rules holds.
Staging's default route is the gateway, its resolver an address in the world. Needs root, `ip`, `nft`, `nsenter`.
"""

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from house import PROJECT, clean_environment
from small_internet_world import MARK_PORT, Packet, World, inside

from ledger.filters import Filters
from ledger.reader import Reader
from ledger.store import open_ledger

__all__ = ["Gateway", "Packet", "SmallInternet", "cannot"]
STAGING, STAGING_V6 = "10.77.0.2", "fd77:1::2"
GATEWAY, GATEWAY_V6 = "10.77.0.1", "fd77:1::1"
OUTSIDE, OUTSIDE_V6 = "198.51.100.2", "2001:db8:1::2"
"""The gateway's own addresses towards the world."""
WORLD, WORLD_V6 = "198.51.100.1", "2001:db8:1::1"
EVERY, EVERY_V6 = "0.0.0.0/0", "::/0"
RESOLVER = "9.9.9.9"
"""What staging's resolv.conf names: a server in the world, as where nobody told it about Soundstage."""
PROGRAMS = ("ip", "nft", "nsenter", "unshare", "setpriv", "sysctl")
ENTER = 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" 2>/dev/null; exec "$@"'
_numbers = itertools.count(1)


def cannot() -> str | None:
    """Why there is no small internet on this machine, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


class SmallInternet:
    """Stands while the block lasts."""

    def __enter__(self) -> "SmallInternet":
        self._folder = tempfile.TemporaryDirectory(prefix="soundstage-internet-")
        self.folder = Path(self._folder.name)
        # A user inside staging has to be able to come here.
        self.folder.chmod(0o755)
        (self.folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
        number = f"{os.getpid()}-{next(_numbers)}"
        self.names = {side: f"soundstage-{side}-{number}" for side in ("staging", "gateway", "world")}
        self._gateway: Gateway | None = None
        try:
            self._build()
            self._marker = inside(self.names["gateway"], lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            self.world = World(self.names["world"], "eth0", self._mark)
        except BaseException:
            self._demolish()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.world.close()
        self._marker.close()
        self._demolish()
        self._folder.cleanup()

    def within(self, side: str, *words: str, given: str | None = None, check: bool = True) -> str:
        """What a command says that is run as root in `staging`, `gateway` or `world`."""
        done = subprocess.run(
            [*self.entered(side), *words],
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def entered(self, side: str) -> list[str]:
        """The words before a command that is to run there."""
        return ["nsenter", f"--net=/run/netns/{self.names[side]}"]

    def in_staging(
        self, words: Sequence[str], *, user: int | None = None, given: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """A command on the staging host, as root or as another user, with the staging host's resolver."""
        lowered = [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        entered = [*self.entered("staging"), "unshare", "--mount", "sh", "-c", ENTER]
        return subprocess.run(
            [*entered, str(self.folder / "resolv.conf"), *lowered, *words],
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd="/",
            env={**clean_environment(), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )

    def gateway(self, *, policy: str | None = None, data: Path | None = None, **settings: str) -> "Gateway":
        """Rules in force, and Soundstage up, in the gateway's namespace. `settings` without their prefix."""
        self._gateway = Gateway(self, data or self.folder / "data", policy, settings)
        self._gateway.contain("apply", "--interface", "staging0")
        self._gateway.start()
        return self._gateway

    def stop(self) -> None:
        """Stop the gateway, where one runs. The rules stay."""
        if self._gateway is not None:
            self._gateway.stop()

    def _mark(self, number: int) -> None:
        self._marker.sendto(b"mark %d" % number, (WORLD, MARK_PORT))

    def _build(self) -> None:
        staging, gateway, world = self.names.values()
        for name in self.names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
            self._settle(name)
        links = f"""
            link add eth0 netns {staging} type veth peer name staging0 netns {gateway}
            link add world0 netns {gateway} type veth peer name eth0 netns {world}
        """
        subprocess.run(["ip", "-batch", "-"], input=links, text=True, check=True)
        self._addresses(staging, {"eth0": (STAGING, STAGING_V6)}, [(EVERY, GATEWAY), (EVERY_V6, GATEWAY_V6)])
        ends = {"staging0": (GATEWAY, GATEWAY_V6), "world0": (OUTSIDE, OUTSIDE_V6)}
        self._addresses(gateway, ends, [(EVERY, WORLD), (EVERY_V6, WORLD_V6)])
        back = [("10.77.0.0/24", OUTSIDE), ("fd77:1::/64", OUTSIDE_V6)]
        self._addresses(world, {"eth0": (WORLD, WORLD_V6)}, back)
        # Every address there is, is the world's.
        everywhere = f"route add local {EVERY} dev lo table main\nroute add local {EVERY_V6} dev lo table main\n"
        subprocess.run(["ip", "-netns", world, "-batch", "-"], input=everywhere, text=True, check=True)

    def _settle(self, name: str) -> None:
        """Before there are interfaces: an address is good at once, and packets are passed on."""
        settings = ["ipv6.conf.default.accept_dad=0", "ipv6.conf.all.accept_dad=0", "ipv4.conf.all.rp_filter=0"]
        if name == self.names["gateway"]:
            settings += ["ipv4.ip_forward=1", "ipv6.conf.all.forwarding=1", "ipv6.conf.default.forwarding=1"]
        words = ["sysctl", "-qw", *(f"net.{one}" for one in settings)]
        subprocess.run(["nsenter", f"--net=/run/netns/{name}", *words], check=True)

    def _addresses(self, name: str, ends: dict[str, tuple[str, str]], routes: list[tuple[str, str]]) -> None:
        lines = ["link set lo up"]
        for interface, (v4, v6) in ends.items():
            lines += [f"address add {v4}/24 dev {interface}", f"address add {v6}/64 dev {interface} nodad"]
            lines.append(f"link set {interface} up")
        lines += [f"route add {where} via {via}" for where, via in routes]
        subprocess.run(["ip", "-netns", name, "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)

    def _demolish(self) -> None:
        for name in self.names.values():
            if Path(f"/run/netns/{name}").exists():
                subprocess.run(["ip", "netns", "delete", name], check=False)


class Gateway:
    """Soundstage in the gateway's namespace. The rules outlive it."""

    def __init__(self, net: SmallInternet, data: Path, policy: str | None, settings: dict[str, str]) -> None:
        self._net = net
        self.data = data
        self.policy = net.folder / "policy.yaml"
        token = net.folder / "token"
        token.write_text("a-token-for-the-small-internet\n")
        self.environ = {
            **clean_environment(),
            "SOUNDSTAGE_BIND": "::",
            "SOUNDSTAGE_STEER_TO": f"{GATEWAY},{GATEWAY_V6}",
            "SOUNDSTAGE_TRANSPARENT_PORT": "9040",
            "SOUNDSTAGE_PACKET_LOG_GROUP": "77",
            "SOUNDSTAGE_DASHBOARD_BIND": "0.0.0.0",
            "SOUNDSTAGE_DASHBOARD_HOSTS": GATEWAY,
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
            self._entered("-m", "soundstage", "contain", *words),
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
                self._entered("-m", "soundstage", "up"),
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

    def _entered(self, *words: str) -> list[str]:
        return [*self._net.entered("gateway"), sys.executable, "-P", *words]
