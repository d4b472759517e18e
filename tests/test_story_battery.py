"""One battery through every entrance: explicit, SOCKS5, steered, transparent, WireGuard, and `soundstage run`.

By IPv4 and IPv6, HTTP/1.1 and HTTP/2, as an unprivileged user, and as root in staging. The world logs every packet that
arrives there, and its log decides; that it works, what is opted in shows. What ended without a record is a failure too.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from battery_attempt import (
    PARTNER,
    PARTNER_H2,
    PARTNER_V6,
    ROADS,
    RUN,
    STAGING,
    TRANSPARENT,
    TUNNEL,
    Attempt,
    Case,
    Road,
    attempt,
    attempts,
)
from battery_cases import CONNECTIONS, DATAGRAMS, FOREIGN
from battery_ground import Ground, battery_ground
from battery_packets import by_hand, no_ip, pieces
from battery_tricks import PORTS, trick_on, tricks
from battery_world import HTTP2, SIX
from leak_house import OPEN
from leak_tricks import Trick
from run_stage import why_not
from small_internet import OUTSIDE, OUTSIDE_V6, cannot
from small_internet_world import Packet
from wireguard_client import cannot as no_tunnel

WHY_NOT = cannot() or no_tunnel() or why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SECONDS = 20.0
"""Until all is on record: a bound, not an expectation."""
TAMPERED = """
    nft flush ruleset
    sysctl -qw net.ipv4.conf.eth0.arp_notify=1 net.ipv6.conf.eth0.ndisc_notify=1 net.ipv4.ip_forward=1
    ip link set eth0 address 02:00:00:00:77:77
    ip address add 198.51.100.1/32 dev eth0
    ip rule add priority 1 to 9.9.9.0/24 lookup 99
    ip route add default via 10.77.0.1 dev eth0 onlink table 99
"""
"""What root in staging may undo and rebuild there: its rules, routes and addresses, the world's among them."""
EVERY = (*CONNECTIONS, *DATAGRAMS)
SHUT = {
    "nobody": attempts(EVERY, STAGING) + tricks(STAGING),
    "machine": attempts(EVERY, TUNNEL) + tricks(TUNNEL),
    "run": attempts(CONNECTIONS, RUN) + tricks(RUN),
    "root": attempts((*FOREIGN, *DATAGRAMS), TRANSPARENT),
}
"""Who plays what, and nothing of it may arrive."""
COUNTED = attempts(DATAGRAMS, RUN)
"""What a run's last line tells as numbers: UDP that is no question."""


def what_is_opted_in() -> dict[str, list[Attempt]]:
    """One request on each road by each protocol, each with a path of its own."""
    found: dict[str, list[Attempt]] = {"nobody": [], "machine": [], "run": []}
    for road in ROADS:
        mine = found[{"wireguard": "machine", "run": "run"}.get(road.entrance, "nobody")]
        for scheme in PORTS:
            trick = Trick(path=f"/allowed/{scheme}-{road.name}", fields=("Connection: close",))
            mine.append(trick_on(f"opted-in-{scheme}", trick, road, scheme))
        for name in (HTTP2, SIX):
            asked = (("GET", "https", name, f"/allowed/{name}-{road.name}"),)
            mine.append(attempt(Case(f"opted-in-{name}", name, 443, tls=name, alpn=("h2",), requests=asked), road))
    return found


@dataclass
class Played:
    """The battery as it was played, and what came of it."""

    ground: Ground
    shut: list[Attempt]
    by_hand: list[Attempt]
    opened: list[Attempt]
    arrived: list[Packet]
    """In the world, while nothing was tried that is opted in."""
    let_out: list[Packet]
    """While nothing else was."""
    counted: dict[str, int]
    """Packets that the contained run says it refused."""
    captures: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _tunnelled: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def of(self, one: Attempt) -> list[dict[str, Any]]:
        """Its captures: those of its source, or of the tunnel's that name its destination."""
        if one.source:
            return self.captures.get(one.source, [])
        return [capture for text, capture in self._tunnelled if one.mark in text]

    def unrecorded(self, tried: Sequence[Attempt]) -> list[str]:
        """Those with no capture that says what it should, once there has been time for all."""
        deadline = time.monotonic() + SECONDS
        while missing := [one for one in tried if not one.is_on_record(self.of(one))]:
            if time.monotonic() > deadline:
                break
            self._look()
            time.sleep(0.1)
        return [f"{one.id}: {self.ground.told[one.id]}; {_short(self.of(one))}" for one in missing]

    def _look(self) -> None:
        self.captures = self.ground.captures()
        tunnelled = (capture for mine in self.ground.tunnelled for capture in self.captures.get(mine, []))
        self._tunnelled = [(str(capture), capture) for capture in tunnelled]


def _short(captures: list[dict[str, Any]]) -> str:
    return json.dumps([{name: one[name] for name in ("protocol", "target", "verdict", "left")} for one in captures])


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with battery_ground() as ground:
        ground.play(("nobody", SHUT["nobody"]), ("machine", SHUT["machine"]), ("run", SHUT["run"] + COUNTED))
        ground.net.within("staging", "sh", "-c", TAMPERED)
        link = ground.link()
        packets = by_hand(*link)
        ground.play(("root", SHUT["root"] + packets + no_ip(*link)))
        arrived, counted = ground.net.world.packets(), ground.about["refused"]
        ground.net.world.reset()
        opened = what_is_opted_in()
        ground.play(*opened.items())
        let_out = ground.net.world.packets()
        shut, let = ([one for part in parts.values() for one in part] for parts in (SHUT, opened))
        yield Played(ground, shut, packets, let, arrived, let_out, counted)


def test_nothing_arrives(played: Played) -> None:
    assert played.arrived == []


def test_the_gateway_s_own_servers_are_reached_by_nobody(played: Played) -> None:
    """A forgotten one accepts whoever comes; the dashboard would answer 401, or 421."""
    assert played.ground.visited() == 0
    told = {one.id: played.ground.told[one.id] for one in played.shut if one.case.name.startswith("the-dashboard")}
    assert len(told) > 20
    assert not [one for one, met in told.items() if "HTTP/1.1 401" in met or "HTTP/1.1 421" in met]


def test_no_program_was_answered_by_the_world(played: Played) -> None:
    told = [played.ground.told[one.id] for one in played.shut]
    assert not [met for met in told if "the world" in met or '"real":true' in met]


@pytest.mark.parametrize("name", sorted({one.case.name for part in SHUT.values() for one in part}))
def test_it_is_on_record_by_every_entrance(played: Played, name: str) -> None:
    assert played.unrecorded([one for one in played.shut if one.case.name == name]) == []


def test_root_s_own_packets_are_on_record(played: Played) -> None:
    assert {played.ground.told[one.id] for one in played.by_hand} == {"sent"}
    assert played.unrecorded(played.by_hand) == []


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.name)
def test_what_is_opted_in_arrives_exactly(played: Played, road: Road) -> None:
    """Once, and as it was sent: the world can be reached by each entrance, and its log works."""
    mine = [f"/allowed/{what}-{road.name}" for what in (*PORTS, HTTP2, SIX)]
    http, https, by_http2, translated = mine
    everything = played.ground.partner.requests()
    arrived = [one for one in everything if one.split()[1 if b"HTTP/1.1" in one else 2].decode() in mine]
    assert sorted(arrived) == sorted(
        [
            f"GET {http} HTTP/1.1\r\nHost: {OPEN}:80\r\nConnection: close\r\n\r\n".encode(),
            f"GET {https} HTTP/1.1\r\nHost: {OPEN}:443\r\nConnection: close\r\n\r\n".encode(),
            f"GET {HTTP2} {by_http2}\n".encode(),
            f"GET {translated} HTTP/1.1\r\nHost: {SIX}\r\n\r\n".encode(),
        ]
    )


def test_nothing_but_what_is_opted_in_leaves_and_from_the_gateway_alone(played: Played) -> None:
    went = {(one.source, one.target, one.protocol, one.port) for one in played.let_out}
    assert went == {
        *((OUTSIDE, PARTNER, "tcp", port) for port in (80, 443)),
        (OUTSIDE, PARTNER_H2, "tcp", 443),
        (OUTSIDE_V6, PARTNER_V6, "tcp", 443),
    }
    assert len(played.ground.partner.requests()) == len(played.opened)


def test_what_a_contained_run_sends_otherwise_is_counted(played: Played) -> None:
    refused = [one for one in COUNTED if one.wanted.get("protocol") == "udp"]
    assert played.counted == {"udp": len(refused), "icmp": 0, "other": 0}
    assert played.unrecorded([one for one in COUNTED if one not in refused]) == []


STRANGERS = "1.1.1.7", "2606:4700::7777"


def test_pieces_in_another_s_name_are_answered_to_nobody(played: Played) -> None:
    """Else the kernel tells that other, out in the world, that the rest did not come, and quotes what did."""
    world = played.ground.net.world
    waits = ("net.ipv4.ipfrag_time=1", "net.ipv6.ip6frag_time=1", "net.netfilter.nf_conntrack_frag6_timeout=1")
    played.ground.net.within("gateway", "sysctl", "-qw", *waits)
    world.reset()
    played.ground.play(("root", pieces(*played.ground.link(), *STRANGERS)))
    strangers = [Attempt(Case("a-piece", "eth0", 0), Road("link"), source) for source in STRANGERS]
    assert played.unrecorded(strangers) == []
    # Nobody announces that nothing is sent: by then the kernel would have.
    time.sleep(1.5)
    assert world.packets() == []


def test_a_host_that_passes_nothing_on_counts_all_the_same(played: Played) -> None:
    """Without forwarding the kernel discards what is not for this host before it asks any rule about passing on."""
    played.ground.net.within("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
    packets = by_hand(*played.ground.link())
    played.ground.play(("root", packets))
    assert played.unrecorded(packets) == []
    assert played.ground.net.world.packets() == []
