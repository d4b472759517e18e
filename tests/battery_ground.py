"""The battery's ground: a small internet with every entrance of one gateway in it, and whoever plays the battery there.

Behind staging's own address lie networks that are staging's too, so that each attempt has an address of its own.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from battery_attempt import PARTNER, PARTNER_V6, Attempt
from battery_cases import HOST_SERVICE
from battery_world import HTTP2, SIX, Partner, hosts
from leak_house import OPEN, SECOND
from run_stage import NOBODY, RunStage, run_stage
from running import Running
from small_disk import small_disk_at
from small_internet import SmallInternet
from small_internet_world import Packet, inside
from wireguard_client import WireGuardClient, read_config

from ledger.reader import Reader
from ledger.store import open_ledger

PROBE = Path(__file__).parent / "battery_probe.py"
NOBODYS_NUMBER = 65534
BEHIND, BEHIND_V6 = "10.78.0.0/16", "fd77:2::/64"
OPENED = {
    **{f"{name}:{port}": "paths: [/allowed/**]" for name in (OPEN, SECOND, SIX, HTTP2) for port in (80, 443)},
    **{f"*.below.story.test:{port}": "paths: [/allowed/**]" for port in (80, 443)},
    **{f"{PARTNER}:{port}": "paths: [/allowed/**]" for port in (80, 443)},
    "to-metadata.story.test:80": "methods: [GET]",
    "to-loopback.story.test:8025": "methods: [GET]",
    "to-staging.story.test:80": "methods: [GET]",
}
ADDRESSES = f"[{PARTNER}/24, {PARTNER_V6}/48, 127.0.0.0/8]".replace(".80/24", ".0/24").replace("::80/48", "::/48")


def policy() -> str:
    """What is opted in: real servers of the world, and names that resolve to what nothing opens."""
    until = (datetime.now(UTC) + timedelta(days=2)).date()
    entries = (
        f'  - {{id: opened-{number}, to: "{to}", {narrowed}, addresses: {ADDRESSES}, why: the battery, '
        f'owner: the tests, expires: "{until}"}}\n'
        for number, (to, narrowed) in enumerate(OPENED.items())
    )
    return f"version: 1\nopt_in:\n{''.join(entries)}"


@dataclass
class Ground:
    """Everything that stands, and what was told to whom."""

    net: SmallInternet
    disk: Path
    """A small disk, which the gateway's data lie on."""
    gateway: Running
    partner: Partner
    runs: RunStage
    machine: WireGuardClient
    """A machine elsewhere, whose tunnel ends in the gateway."""
    tunnelled: list[str]
    """Its addresses in the tunnel."""
    forgotten: list[socket.socket]
    """Servers of the gateway's host, bound to every address, as people forget them."""
    told: dict[str, str] = field(default_factory=dict)
    """What each attempt met, by its id."""
    arrived: list[Packet] = field(default_factory=list)
    """What the world saw."""
    about: dict[str, Any] = field(default_factory=dict)
    """What the contained run said of itself."""

    @property
    def gateways(self) -> tuple[Running, Running]:
        """Staging's, and the one of the contained runs."""
        return self.gateway, self.runs.gateway

    def play(self, *parties: tuple[str, Sequence[Attempt]]) -> None:
        """At once: who (`nobody` or `root` in staging, `machine`, `run`, `run-root`) plays what."""
        with ThreadPoolExecutor(len(parties)) as players:
            for told in players.map(lambda party: self._play(*party), parties):
                self.told |= told

    def try_out(self, *parties: tuple[str, Sequence[Attempt]]) -> None:
        """Play without a word of what came of it: nobody may be there to answer, nor to let a run begin."""
        with ThreadPoolExecutor(len(parties)) as players:
            for _ in players.map(lambda party: self._run(*self._words(*party)), parties):
                pass

    @contextlib.contextmanager
    def trying(self, parties: Mapping[str, Sequence[Attempt]]) -> Iterator[None]:
        """Try these again and again while the block lasts, and once more after what happened in it."""
        over = threading.Event()

        def go_on(who: str) -> None:
            while not over.is_set():
                self.try_out((who, parties[who]))
            self.try_out((who, parties[who]))

        with ThreadPoolExecutor(len(parties)) as players:
            going = [players.submit(go_on, who) for who in parties]
            try:
                yield
            finally:
                over.set()
        for one in going:
            one.result()

    def link(self) -> tuple[bytes, bytes]:
        """The addresses of both ends of staging's link: its own, and the gateway's."""
        ends = (("staging", "eth0"), ("gateway", "staging0"))
        shown = [json.loads(self.net.within(side, "ip", "-j", "link", "show", name)) for side, name in ends]
        here, there = (bytes.fromhex(one[0]["address"].replace(":", "")) for one in shown)
        return here, there

    def _play(self, who: str, attempts: Sequence[Attempt]) -> dict[str, str]:
        done = self._run(*self._words(who, attempts))
        real = who.startswith("run") and ", 0 left," not in done.stderr
        assert done.returncode == int(real), done.stdout[-2000:] + done.stderr[-2000:]
        told: dict[str, str] = json.loads(done.stdout)
        return told

    def _words(self, who: str, attempts: Sequence[Attempt]) -> tuple[str, tuple[str, ...]]:
        """What plays them."""
        file = self.net.folder / f"attempts-{who}.json"
        file.write_text(json.dumps([one.told() for one in attempts]))
        return who, ("/usr/bin/python3", str(self.net.folder / PROBE.name), str(file))

    def _run(self, who: str, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        if who == "run":
            about = self.runs.home / "about.json"
            done = self.runs.run(*words, options=("--about", str(about)))
            if done.returncode in (0, 1):
                self.about = json.loads(about.read_text())
            return done
        if who == "run-root":
            return self.gateway.run("run", "--", *words)
        if who == "machine":
            lowered = ("setpriv", f"--reuid={NOBODYS_NUMBER}", f"--regid={NOBODYS_NUMBER}", "--clear-groups")
            return self.machine.run(*lowered, *words, timeout=300)
        return self.net.in_staging(words, user=None if who == "root" else NOBODYS_NUMBER, timeout=300)

    def captures(self) -> dict[str, list[dict[str, Any]]]:
        """All that is on record, by source, of both gateways."""
        found: dict[str, list[dict[str, Any]]] = {}
        for data in (one.data_dir for one in self.gateways):
            with contextlib.closing(open_ledger(data, writer=False)) as ledger:
                seq, reader = 0, Reader(ledger)
                while page := reader.since(seq, 1000):
                    seq = page[-1].seq
                    for capture in (stored.as_contract() for stored in page):
                        found.setdefault(capture["source"], []).append(capture)
        return found

    def visited(self) -> int:
        """Connections that reached a forgotten server."""
        count = 0
        for server in self.forgotten:
            with contextlib.suppress(BlockingIOError):
                while True:
                    server.accept()[0].close()
                    count += 1
        return count


@contextlib.contextmanager
def battery_ground() -> Iterator[Ground]:
    """For one block."""
    with SmallInternet() as net, contextlib.ExitStack() as held:
        net.within("world", "sysctl", "-qw", "net.ipv6.ip_nonlocal_bind=1")
        partner = Partner(net.names["world"], net.folder / "partner")
        held.callback(partner.close)
        _behind(net)
        shutil.copy(PROBE, net.folder)
        disk = held.enter_context(small_disk_at(net.folder / "disk", 96))
        (net.folder / "hosts").write_text(hosts())
        shared = {
            "HOSTS_FILE": str(net.folder / "hosts"),
            "UPSTREAM_CA_FILE": str(partner.ca),
            "STEER_TO": "198.18.0.0/15,fd53::/64",
        }
        with ThreadPoolExecutor(2) as starting:
            own = {f"SOUNDSTAGE_{name}": value for name, value in shared.items()}
            beside = run_stage(NOBODY, own, policy=policy(), before=net.entered("gateway"))
            runs = starting.submit(lambda: held.enter_context(beside))
            ways_in = {"HTTPS_PORT": "443", "HTTP_PORT": "80", "DASHBOARD_BIND": "::", "WIREGUARD_PORT": "51820"}
            gateway = net.gateway({**shared, **ways_in}, policy=policy(), data=disk / "data")
        config = _tunnel(gateway)
        machine = held.enter_context(WireGuardClient(config, net.folder, net.names["gateway"]))
        tunnelled = [one.strip().partition("/")[0] for one in read_config(config)["Address"].split(",")]
        forgotten = inside(net.names["gateway"], _forgotten)
        held.callback(forgotten.close)
        yield Ground(net, disk, gateway, partner, runs.result(), machine, tunnelled, [forgotten])


def _forgotten() -> socket.socket:
    server = socket.create_server(("::", HOST_SERVICE), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096)
    server.setblocking(False)
    return server


def _behind(net: SmallInternet) -> None:
    """Networks whose every address is the staging host's."""
    for six, network, via in (([], BEHIND, "10.77.0.2"), (["-6"], BEHIND_V6, "fd77:1::2")):
        subprocess.run(
            ["ip", *six, "-netns", net.names["staging"], "route", "add", "local", network, "dev", "lo"], check=True
        )
        subprocess.run(["ip", *six, "-netns", net.names["gateway"], "route", "add", network, "via", via], check=True)


def _tunnel(gateway: Running) -> str:
    """The configuration of one. It comes to the gateway by its loopback: what carries it is none of the battery's."""
    told = gateway.run("wireguard", "peer", "add", "machine", "--endpoint", "127.0.0.1:51820")
    assert told.returncode == 0, told.stderr
    return told.stdout
