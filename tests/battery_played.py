"""The battery, played: who plays what on its ground, and what came of it."""

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from battery_attempt import ROADS, RUN, STAGING, TRANSPARENT, TUNNEL, Attempt, Case, attempt, attempts
from battery_cases import CONNECTIONS, DATAGRAMS, FOREIGN
from battery_ground import Ground, battery_ground
from battery_packets import by_hand, no_ip
from battery_tricks import PORTS, trick_on, tricks
from battery_world import HTTP2, SIX
from leak_tricks import Trick
from small_internet_world import Packet

SECONDS = 60.0
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
SAMPLE = ("ssh", "postgresql", "no-protocol-ipv6", "mail", "a-foreign-resolver", "dns-over-tls", "http", "https",
          "http2", "https-odd-port", "a-live-key-to-stripe", "metadata", "quic", "quic-ipv6", "odd-udp")  # fmt: skip
FAULTY = {
    who: [replace(one, case=replace(one.case, in_vain=True)) for one in SHUT[who] if one.case.name in SAMPLE]
    for who in ("nobody", "machine", "run")
}
"""What is tried again and again while something breaks."""
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
    return {who: [replace(one, case=replace(one.case, patience=60.0)) for one in found[who]] for who in found}


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


@contextlib.contextmanager
def battery_played() -> Iterator[Played]:
    """For one block: played once, with everything still standing."""
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
