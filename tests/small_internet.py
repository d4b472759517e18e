"""A small internet of network namespaces: a staging host, the gateway, and the world, which logs every packet.

    staging --- (staging0) gateway (world0) --- world

The gateway is a router with a default route to the world, and the world has a way back: nothing but the rules holds.
Staging's default route is the gateway, its resolver an address in the world. Needs root, `ip`, `nft`, `nsenter`.
"""

import itertools
import os
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from running import Running, clean_environment
from small_internet_world import MARK_PORT, Packet, World, inside

__all__ = ["Packet", "SmallInternet", "cannot"]
STAGING, STAGING_V6 = "10.77.0.2", "fd77:1::2"
GATEWAY, GATEWAY_V6 = "10.77.0.1", "fd77:1::1"
OUTSIDE, OUTSIDE_V6 = "198.51.100.2", "2001:db8:1::2"
"""The gateway's own addresses towards the world."""
WORLD, WORLD_V6 = "198.51.100.1", "2001:db8:1::1"
EVERY, EVERY_V6 = "0.0.0.0/0", "::/0"
RESOLVER = "9.9.9.9"
"""What staging's resolv.conf names: a server in the world, as where nobody told it about Soundstage."""
PROGRAMS = ("ip", "nft", "nsenter", "unshare", "setpriv", "sysctl")
SETTINGS = {
    "BIND": "::",
    "STEER_TO": "198.18.0.0/15",
    "TRANSPARENT_PORT": "9040",
    "PACKET_LOG_GROUP": "77",
    "DASHBOARD_BIND": "0.0.0.0",
    "DASHBOARD_HOSTS": GATEWAY,
}
"""Of the Soundstage there, without their prefix: the ports are those it has by default."""
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
        self._gateway: Running | None = None
        try:
            self._build()
            self._marker = inside(self.names["gateway"], lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM))
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
            timeout=300,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def entered(self, side: str) -> list[str]:
        """The words before a command that is to run there."""
        return ["nsenter", f"--net=/run/netns/{self.names[side]}"]

    def in_staging(
        self, words: Sequence[str], *, user: int | None = None, given: str | None = None, timeout: float = 300
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

    def soundstage(
        self, settings: Mapping[str, str] | None = None, *, policy: str | None = None, data: Path | None = None
    ) -> Running:
        """Soundstage in the gateway's namespace, not started yet; `settings` without their prefix."""
        token = self.folder / "token"
        token.write_text("a-token-for-the-small-internet\n")
        given = {**SETTINGS, "ADMIN_TOKEN_FILE": str(token), **(settings or {})}
        more = {f"SOUNDSTAGE_{name}": value for name, value in given.items()}
        before = self.entered("gateway")
        self._gateway = Running(self.folder, more, policy=policy, data=data, before=before, free_ports=False)
        return self._gateway

    def gateway(
        self, settings: Mapping[str, str] | None = None, *, policy: str | None = None, data: Path | None = None
    ) -> Running:
        """The same with its rules in force, and up. The rules outlive it."""
        gateway = self.soundstage(settings, policy=policy, data=data)
        applied = gateway.run("contain", "apply", "--interface", "staging0")
        assert applied.returncode == 0, applied.stderr
        gateway.start()
        return gateway

    def stop(self) -> None:
        """Stop the gateway, where one runs. The rules stay."""
        if self._gateway is not None:
            self._gateway.stop()

    def _mark(self, number: int) -> None:
        """A datagram that no rule sees, since it is put on the link as it is."""
        data = b"mark %d" % number
        ends = socket.inet_aton(OUTSIDE) + socket.inet_aton(WORLD)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(data), 0, 0, 1, 17, 0) + ends
        datagram = struct.pack("!HHHH", MARK_PORT, MARK_PORT, 8 + len(data), 0) + data
        self._marker.sendto(head + datagram, ("world0", 0x0800, 0, 0, b"\xff" * 6))

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
