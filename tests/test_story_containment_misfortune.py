"""Containment in misfortune: a broken policy, a full disk, a killed gateway, each while staging tries to get out.

The world's log decides: it sees what was opted in, from the gateway's own address, and nothing else.
"""

import asyncio
import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_internet import OUTSIDE, OUTSIDE_V6, Gateway, Packet, SmallInternet, cannot
from test_story_containment import NOBODY, probed, until

from soundstage.control_client import ControlClient

pytestmark = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))
PARTNER = "203.0.113.80"
POLICY = f"""
version: 1
opt_in:
  - id: partner
    to: api.partner.example:80
    methods: [GET]
    addresses: [{PARTNER}/32]
    why: the story of containment
    owner: the tests
    expires: {(datetime.now(UTC) + timedelta(days=2)).date()}
"""
OPTED_IN = f"http {PARTNER} 80 api.partner.example"
SHUT = [
    f"http {PARTNER} 80 api.other.example",
    "tcp 1.2.3.4 443",
    "tcp 2606:4700::1111 9999",
    "send 8.8.8.8 443",
    "send 8.8.4.4 53",
    "mail 203.0.113.25 25",
]


class Trying:
    """A staging host that keeps trying every way while the block lasts."""

    def __init__(self, net: SmallInternet) -> None:
        self._net = net
        self._over = False
        self._thread = threading.Thread(target=self._try)
        self.rounds = 0
        self.failed: Exception | None = None

    def __enter__(self) -> "Trying":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join()
        assert self.failed is None
        assert self.rounds

    def _try(self) -> None:
        try:
            while not self._over or not self.rounds:
                probed(self._net, SHUT, NOBODY)
                self.rounds += 1
        except Exception as error:
            self.failed = error
            raise


@dataclass
class Scene:
    net: SmallInternet
    gateway: Gateway
    disk: Path

    def missing(self) -> str:
        """What readiness says."""
        return " ".join(asyncio.run(ControlClient(self.gateway.data).readiness()).missing)

    def arrived(self) -> list[Packet]:
        """Of what is no part of the opted-in connection."""
        mine = (OUTSIDE, OUTSIDE_V6)
        return [one for one in self.net.world.packets() if one.source not in mine or one.target != PARTNER]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with SmallInternet() as net:
        disk = net.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=True)
        (net.folder / "hosts").write_text(f"{PARTNER} api.partner.example\n")
        try:
            hosts = str(net.folder / "hosts")
            gateway = net.gateway(policy=POLICY, data=disk / "data", HOSTS_FILE=hosts)
            yield Scene(net, gateway, disk)
        finally:
            net.stop()
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_what_is_opted_in_leaves_from_the_gateway_alone(scene: Scene) -> None:
    probed(scene.net, [OPTED_IN, *SHUT], NOBODY)
    went = {(packet.source, packet.target, packet.protocol, packet.port) for packet in scene.net.world.packets()}
    assert went == {(OUTSIDE, PARTNER, "tcp", 80)}
    scene.net.world.reset()


def test_a_broken_policy_lets_nothing_out(scene: Scene) -> None:
    with Trying(scene.net):
        scene.gateway.policy.write_text("version: 1\nopt_in: [{to: '*'}]\n")
        until(lambda: "the policy was not reloaded" in scene.missing())
    assert scene.arrived() == []
    scene.gateway.policy.write_text(POLICY)
    until(lambda: scene.missing() == "")


def test_a_full_disk_lets_nothing_out(scene: Scene) -> None:
    filler = scene.disk / "filler"
    with Trying(scene.net) as trying:
        fill(filler)
        until(lambda: scene.missing() != "")
        before = trying.rounds
        until(lambda: trying.rounds > before)
    assert scene.arrived() == []
    # What is opted in does not leave either: nobody could say that it did.
    scene.net.world.reset()
    fill(filler)
    probed(scene.net, [OPTED_IN], NOBODY)
    assert scene.net.world.packets() == []
    filler.unlink()
    until(lambda: scene.missing() == "")


def fill(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65536))
    assert shutil.disk_usage(filler.parent).free < 65536


def test_a_killed_gateway_lets_nothing_out_and_what_was_refused_is_told(scene: Scene) -> None:
    with Trying(scene.net) as trying:
        scene.gateway.kill()
        before = trying.rounds
        until(lambda: trying.rounds > before + 1)
    met = probed(scene.net, [OPTED_IN, *SHUT], NOBODY)
    assert met["tcp 1.2.3.4 443"] == met[OPTED_IN] == "ConnectionRefusedError"
    assert scene.net.world.packets() == []
    assert scene.gateway.contain("status").returncode == 0
    scene.gateway.start()
    until(lambda: bool(scene.gateway.captures(trait="unread")))
    assert {capture["left"] for capture in scene.gateway.captures(host="1.2.3.4")} == {False}
    probed(scene.net, SHUT, NOBODY)
    assert scene.net.world.packets() == []


def test_rules_that_are_gone_are_said_to_be_gone(scene: Scene) -> None:
    """The last: after it nothing holds."""
    assert scene.gateway.contain("remove").returncode == 0
    told = scene.gateway.contain("status")
    assert (told.returncode, told.stdout.strip()) == (1, "No rules are in force: nothing is contained.")
    probed(scene.net, ["tcp 1.2.3.4 443"], NOBODY)
    assert scene.net.world.packets()
