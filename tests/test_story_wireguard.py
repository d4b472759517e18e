"""A machine elsewhere whose only way out is a WireGuard tunnel to a running Soundstage, on the small internet.

The tunnel crosses the staging network; the gateway has a default route to the world and no rules at all. The world
logs every packet that arrives there, and its log decides.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from running import Running
from small_internet import GATEWAY, OUTSIDE, Packet, SmallInternet
from small_internet import cannot as no_internet
from wireguard_client import WireGuardClient
from wireguard_client import cannot as no_client

WHY_NOT = no_internet() or no_client()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
PROBE = (Path(__file__).parent / "staging_probe.py").read_text()
OPEN, OPEN_ADDRESS = "open.example.com", "1.2.3.80"
TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
POLICY = f"""
version: 1
opt_in:
  - {{id: open, to: "{OPEN}:80", why: a test, owner: tests, expires: "{TOMORROW}"}}
"""
PEER, PEER_V6 = "10.135.0.2", "fd53:5753::2"
WAYS = [
    pytest.param("tcp 1.2.3.4 443", {"host": "1.2.3.4", "port": 443, "source": PEER}, id="tcp-by-address"),
    pytest.param("tcp 2606:4700::1111 443", {"host": "2606:4700::1111", "source": PEER_V6}, id="tcp-over-ipv6"),
    pytest.param("tls 1.2.3.5 443 api.stripe.com", {"host": "api.stripe.com", "port": 443}, id="tls-by-address"),
    pytest.param("tcp 1.2.3.4 22", {"host": "1.2.3.4", "port": 22}, id="ssh-port"),
    pytest.param("name db.customer.example 5432", {"host": "db.customer.example", "port": 5432}, id="by-name"),
    pytest.param("tcp 169.254.169.254 80", {"host": "169.254.169.254", "port": 80}, id="metadata"),
    pytest.param("mail 203.0.113.25 25", {"channel": "email", "verdict": "capture"}, id="straight-to-a-mail-exchanger"),
    pytest.param("dns 8.8.4.4", {"protocol": "dns", "host": "secret.example.com"}, id="foreign-dns-server"),
    pytest.param("tcp 8.8.8.8 853", {"host": "8.8.8.8", "port": 853}, id="dns-over-tls"),
    pytest.param("send 8.8.8.8 443", {"protocol": "udp", "host": "8.8.8.8", "port": 443}, id="quic"),
    pytest.param("send 2606:4700::1111 443", {"protocol": "udp", "host": "2606:4700::1111"}, id="quic-over-ipv6"),
    pytest.param(f"tcp {GATEWAY} 8025", {"host": GATEWAY, "port": 8025}, id="the-dashboard"),
    pytest.param(f"tcp {OUTSIDE} 80", {"host": OUTSIDE, "port": 80}, id="the-gateway-s-host"),
]
UNRECORDED = ("icmp 1.1.1.1", "icmp 2606:4700::1111", "ip 1.1.1.1 47")
"""The library answers or drops these by itself and tells nobody."""


@dataclass
class Scene:
    """The gateway and the machine, after the battery."""

    net: SmallInternet
    gateway: Running
    machine: WireGuardClient
    arrived: list[Packet]

    def curl(self, *words: str) -> str:
        """What curl prints on the machine: status and our verdict."""
        told = ("--silent", "--max-time", "20", "--output", "/dev/null", "--cacert", self.gateway.addresses["ca"])
        return self.machine.run(
            "curl", *told, "--write-out", "%{http_code} %header{soundstage-verdict}", *words
        ).stdout.strip()

    def soundstage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.gateway.run(*words)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with SmallInternet() as net:
        (net.folder / "hosts").write_text(f"{OPEN_ADDRESS} {OPEN}\n")
        settings = {
            "WIREGUARD_PORT": "51820",
            "STEER_TO": GATEWAY,
            "TRANSPARENT_PORT": "",
            "PACKET_LOG_GROUP": "",
            "HOSTS_FILE": str(net.folder / "hosts"),
        }
        gateway = net.soundstage(settings, policy=POLICY)
        gateway.start()
        added = gateway.run("wireguard", "peer", "add", "vm", "--endpoint", GATEWAY)
        assert added.returncode == 0, added.stderr
        with WireGuardClient(added.stdout, net.folder, net.names["staging"]) as machine:
            ways = [*(str(way.values[0]) for way in WAYS), *UNRECORDED]
            done = machine.run("python3", "-", "0", *ways, given=PROBE)
            assert done.returncode == 0, done.stderr
            yield Scene(net, gateway, machine, net.world.packets())


def test_nothing_of_the_battery_reaches_the_world(scene: Scene) -> None:
    assert scene.arrived == []


def ping(address: str) -> int:
    """The type of the ICMP message that comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as there:
        there.settimeout(60)
        there.sendto(b"\x08\0\xf7\xff\0\0\0\0", (address, 0))
        return there.recv(100)[20]


def test_a_ping_is_answered_by_the_tunnel_itself_and_tells_nothing(scene: Scene) -> None:
    assert scene.machine.inside(lambda: ping("203.0.113.99")) == 0
    assert not [one for one in scene.gateway.captures() if one["protocol"] in ("icmp", "icmp6", "gre")]


def flat(capture: dict[str, Any]) -> dict[str, Any]:
    return {**capture, "host": capture["target"]["host"], "port": capture["target"]["port"]}


@pytest.mark.parametrize(("way", "wanted"), WAYS)
def test_each_attempt_is_on_record(scene: Scene, way: str, wanted: dict[str, Any]) -> None:
    deadline = time.monotonic() + 60
    while not any(wanted.items() <= flat(capture).items() for capture in scene.gateway.captures()):
        assert time.monotonic() < deadline, f"{way}: {scene.gateway.captures()}"
        time.sleep(0.05)


def test_udp_is_told_as_packets_that_were_refused(scene: Scene) -> None:
    [quic] = scene.gateway.wait_for(host="8.8.8.8", trait="refused_packet")
    assert quic["flags"] == ["refused_packet"]
    assert (quic["source"], quic["left"]) == (PEER, False)


def test_a_charge_is_answered_in_the_provider_s_shape(scene: Scene) -> None:
    assert scene.curl("-d", "amount=4200&currency=eur", "https://api.stripe.com/v1/charges") == "200 capture"
    [charge] = [one for one in scene.gateway.captures() if one["target"].get("path") == "/v1/charges"]
    assert (charge["channel"], charge["source"], charge["target"]["host"]) == ("payment", PEER, "api.stripe.com")
    assert "address" not in charge["facts"]  # each name has an address of its own inside, whatever names are steered to


def test_what_was_opted_in_leaves_from_the_gateway_and_nothing_else_does(scene: Scene) -> None:
    scene.net.world.reset()
    scene.curl(f"http://{OPEN}/")
    scene.curl("http://shut.example.com/")
    reached = {(packet.source, packet.target, packet.port) for packet in scene.net.world.packets()}
    assert reached == {(OUTSIDE, OPEN_ADDRESS, 80)}
    assert [one["left"] for one in scene.gateway.wait_for(host=OPEN, channel="web")] == [True]


def connects(machine: WireGuardClient, address: str, seconds: float = 1.5) -> bool:
    """Whether anybody answers in so many seconds: all that is said by a tunnel that has ended is nothing."""

    def connect() -> bool:
        try:
            socket.create_connection((address, 443), timeout=seconds).close()
        except TimeoutError:
            return False
        return True

    return machine.inside(connect)


def test_peers_take_effect_at_once(scene: Scene) -> None:
    """The first machine's tunnel would have to be begun anew after it."""
    second = scene.soundstage("wireguard", "peer", "add", "second", "--endpoint", f"{GATEWAY}:51820")
    assert second.returncode == 0, second.stderr
    with WireGuardClient(second.stdout, scene.net.folder, scene.net.names["staging"]) as machine:
        assert connects(machine, "1.2.3.9", 60)
        scene.gateway.wait_for(host="1.2.3.9")
        removed = scene.soundstage("wireguard", "peer", "remove", "second")
        assert (removed.returncode, removed.stdout, removed.stderr) == (0, "The peer second was removed.\n", "")
        assert not connects(machine, "1.2.3.10")
    assert scene.gateway.captures(host="1.2.3.10") == []


def test_with_the_gateway_killed_the_tunnel_leads_nowhere(scene: Scene) -> None:
    scene.net.world.reset()
    scene.gateway.kill(all_of_it=True)
    assert not connects(scene.machine, "1.2.3.11")
    assert scene.net.world.packets() == []
