"""Containment: whatever a staging host sends, by whatever way, reaches Soundstage or nothing, and is on record.

The world logs every packet that arrives there, and its log decides. What a program was told is only looked at.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from running import Running, eventually
from small_internet import GATEWAY, OUTSIDE, STAGING, Packet, SmallInternet, cannot

pytestmark = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))
PROBE = (Path(__file__).parent / "staging_probe.py").read_text()
NOBODY = 65534
HOST_SERVICE = 9100
"""A server of the gateway's host, bound to every address, as people forget them."""

WAYS = [
    pytest.param("tcp 1.2.3.4 443", {"host": "1.2.3.4", "port": 443}, id="tcp-by-address"),
    pytest.param("tcp 2606:4700::1111 443", {"host": "2606:4700::1111", "port": 443}, id="tcp-by-ipv6-address"),
    pytest.param("tls 1.2.3.5 443 api.stripe.com", {"host": "api.stripe.com", "port": 443}, id="tls-by-address"),
    pytest.param("tls 1.2.3.6 8883 mqtt.example.com", {"host": "mqtt.example.com", "port": 8883}, id="tls-odd-port"),
    pytest.param("tcp 1.2.3.4 9999", {"host": "1.2.3.4", "port": 9999}, id="raw-tcp-odd-port"),
    pytest.param("tcp 1.2.3.4 22", {"host": "1.2.3.4", "port": 22}, id="ssh-port"),
    pytest.param("tcp 2606:4700::1111 5432", {"host": "2606:4700::1111", "port": 5432}, id="database-over-ipv6"),
    pytest.param("name db.customer.example 5432", {"host": "db.customer.example", "port": 5432}, id="by-name"),
    pytest.param("tcp 169.254.169.254 80", {"host": "169.254.169.254", "port": 80}, id="metadata"),
    pytest.param("mail 203.0.113.25 25", {"channel": "email", "verdict": "capture"}, id="straight-to-a-mail-exchanger"),
    pytest.param("dns 8.8.4.4", {"protocol": "dns", "host": "secret.example.com"}, id="foreign-dns-server"),
    pytest.param("tcp 8.8.8.8 853", {"host": "8.8.8.8", "port": 853}, id="dns-over-tls"),
    pytest.param("udp 8.8.8.8 443", {"protocol": "udp", "host": "8.8.8.8", "port": 443}, id="quic"),
    pytest.param("udp 2606:4700::1111 443", {"protocol": "udp", "host": "2606:4700::1111"}, id="quic-over-ipv6"),
    pytest.param("udp 1.2.3.4 123", {"protocol": "udp", "host": "1.2.3.4", "port": 123}, id="ntp"),
    pytest.param(f"tcp {GATEWAY} {HOST_SERVICE}", {"host": GATEWAY, "port": HOST_SERVICE}, id="the-host-s-own-server"),
    pytest.param(f"tcp {OUTSIDE} {HOST_SERVICE}", {"host": OUTSIDE, "port": HOST_SERVICE}, id="at-its-other-address"),
    pytest.param(f"tcp {GATEWAY} 8025", {"host": GATEWAY, "port": 8025}, id="the-dashboard"),
    pytest.param(f"udp {GATEWAY} 9999", {"protocol": "udp", "host": GATEWAY, "port": 9999}, id="the-host-s-udp"),
]
AS_ROOT = [
    pytest.param("icmp 1.1.1.1", {"protocol": "icmp", "host": "1.1.1.1"}, id="ping"),
    pytest.param("icmp 2606:4700::1111", {"protocol": "icmp6", "host": "2606:4700::1111"}, id="ping-over-ipv6"),
    pytest.param("ip 1.1.1.1 47", {"protocol": "gre", "host": "1.1.1.1"}, id="gre-tunnel"),
    pytest.param("ip 1.1.1.1 132", {"protocol": "sctp", "host": "1.1.1.1"}, id="sctp"),
    pytest.param("ip 2606:4700::1111 253", {"protocol": "ip-253"}, id="a-protocol-nobody-knows"),
    pytest.param("spoofed 1.1.1.1 10.99.0.9", {"protocol": "udp", "source": "10.99.0.9"}, id="in-another-s-name"),
]
ESCAPES = f"""
    nft flush ruleset
    ip rule add priority 1 lookup 99
    ip route add default via {GATEWAY} dev eth0 onlink table 99
    ip address add {OUTSIDE}/32 dev eth0
    ip route add 1.1.1.0/24 via {GATEWAY} dev eth0 src {OUTSIDE} || true
    sysctl -qw net.ipv4.ip_forward=1
"""
"""What root on the staging host may undo and rebuild there: its own rules, routes and addresses."""


@dataclass
class Scene:
    """The battery, played once by nobody and once by root."""

    net: SmallInternet
    gateway: Running
    told_nobody: dict[str, str]
    told_root: dict[str, str]
    arrived: list[Packet]

    def captured(self, wanted: dict[str, Any]) -> bool:
        return any(_is(capture, wanted) for capture in self.gateway.captures())


def _is(capture: dict[str, Any], wanted: dict[str, Any]) -> bool:
    flat = {**capture, "host": capture["target"]["host"], "port": capture["target"]["port"]}
    return all(flat[name] == value for name, value in wanted.items())


def words_of(ways: list[Any]) -> list[str]:
    return [way.values[0] for way in ways]


def probed(net: SmallInternet, ways: list[str], user: int | None, seconds: float = 0) -> dict[str, str]:
    done = net.in_staging(["python3", "-", str(seconds), *ways], user=user, given=PROBE)
    assert done.returncode == 0, done.stderr
    met: dict[str, str] = json.loads(done.stdout)
    assert set(met) == set(ways)
    return met


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with SmallInternet() as net:
        gateway = net.gateway()
        server = f"import socket, time; s = socket.create_server(('', {HOST_SERVICE})); time.sleep(600)"
        serving = subprocess.Popen([*net.entered("gateway"), "python3", "-c", server])
        try:
            nobody = probed(net, words_of(WAYS), NOBODY)
            net.in_staging(["sh", "-c", ESCAPES])
            root = probed(net, words_of(WAYS + AS_ROOT), None)
            net.in_staging(["ip", "rule", "delete", "priority", "1"])
            net.in_staging(["ip", "address", "delete", f"{OUTSIDE}/32", "dev", "eth0"])
            yield Scene(net, gateway, nobody, root, net.world.packets())
        finally:
            serving.kill()
            serving.wait()


def test_without_rules_each_way_is_open() -> None:
    """What holds is the rules, not that there is nowhere to go."""
    with SmallInternet() as net:
        ways = ["tcp 1.2.3.4 443", "tcp 2606:4700::1111 25", "dns 8.8.4.4", "udp 8.8.8.8 443"]
        met = probed(net, ways, NOBODY) | probed(
            net, ["icmp 1.1.1.1", "ip 1.1.1.1 47", "spoofed 1.1.1.1 10.9.0.9"], None
        )
        assert "220 the world" in met["tcp 1.2.3.4 443"]
        arrived = {(packet.target, packet.protocol) for packet in net.world.packets()}
        assert arrived >= {
            ("1.2.3.4", "tcp"),
            ("2606:4700::1111", "tcp"),
            ("8.8.4.4", "udp"),
            ("8.8.8.8", "udp"),
            ("1.1.1.1", "icmp"),
            ("1.1.1.1", "47"),
            ("1.1.1.1", "udp"),
        }


def test_the_world_saw_nothing(scene: Scene) -> None:
    assert scene.arrived == []


@pytest.mark.parametrize(("way", "wanted"), WAYS)
def test_every_way_is_on_record(scene: Scene, way: str, wanted: dict[str, Any]) -> None:
    eventually(lambda: scene.captured(wanted), f"it is on record, after {scene.told_nobody[way]}")


@pytest.mark.parametrize(("way", "wanted"), AS_ROOT)
def test_root_s_ways_are_on_record(scene: Scene, way: str, wanted: dict[str, Any]) -> None:
    eventually(lambda: scene.captured(wanted), "it is on record")


def test_nothing_on_record_left(scene: Scene) -> None:
    assert {capture["left"] for capture in scene.gateway.captures()} == {False}


def test_no_program_was_answered_by_anybody_else(scene: Scene) -> None:
    told = [*scene.told_nobody.values(), *scene.told_root.values()]
    assert not [one for one in told if "the world" in one]
    for port in (HOST_SERVICE, 8025):
        assert scene.told_nobody[f"tcp {GATEWAY} {port}"] in ("ConnectionResetError", "b''")


def test_the_rules_are_those_of_the_settings(scene: Scene) -> None:
    assert scene.gateway.run("contain", "status").returncode == 0
    again = scene.gateway.run("contain", "apply", "--interface", "staging0", "--json")
    assert json.loads(again.stdout)["changed"] is False


def test_counters_count_what_was_refused(scene: Scene) -> None:
    refused = json.loads(scene.gateway.run("contain", "status", "--json").stdout)["refused"]
    assert refused["udp"] >= 7
    assert refused["icmp"] >= 2
    assert refused["other"] >= 3


def test_neighbours_on_the_staging_network_are_let_alone(scene: Scene) -> None:
    """A server on the staging host itself is none of ours."""
    serve = "import socket, threading; s = socket.create_server(('', 7000)); c = socket.create_connection"
    script = f"{serve}\na = c(('{STAGING}', 7000), 3); b, _ = s.accept(); b.send(b'hi'); print(a.recv(9))"
    assert scene.net.in_staging(["python3", "-c", script], user=NOBODY).stdout.strip() == "b'hi'"


def test_a_flood_is_counted_to_the_last_packet(scene: Scene) -> None:
    """More than is logged one by one: the rules' count and the record's agree. The last: it stops the gateway."""
    send = "import contextlib, socket\ns = socket.socket(2, 2)\nfor n in range(3000):\n"
    send += "    with contextlib.suppress(OSError): s.sendto(b'x', ('192.0.2.9', 7))\n"
    before = scene.net.world.packets()
    assert scene.net.in_staging(["python3", "-c", send], user=NOBODY).returncode == 0
    told = json.loads(scene.gateway.run("contain", "status", "--json").stdout)["refused"]["udp"]

    def recorded() -> int:
        found = [one for one in scene.gateway.captures(trait="refused_packet") if one["protocol"] == "udp"]
        return sum(one["facts"].get("count", 1) for one in found)

    assert told > 2000
    scene.gateway.stop()  # what is counted in memory is told at the stop
    assert recorded() == told
    assert scene.net.world.packets() == before == []
