"""Attempts as data, and the roads they take: what a case is, whoever tries it by whichever entrance."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

PARTNER, PARTNER_V6, PARTNER_H2 = "203.0.113.80", "2001:db8:80::80", "203.0.113.81"
"""Real servers of the world, which what is opted in reaches."""
GATEWAY, GATEWAY_V6 = "10.77.0.1", "fd77:1::1"
PROXY, SOCKS = 8080, 1080
SERVER_SPEAKS_FIRST = (21, 22, 110, 143, 3306)
"""Ports to which a tunnel is refused before anything is said in it."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """What is tried, by its name. `host` is a name or an address; where only addresses are known, a name has one."""

    name: str
    host: str
    port: int
    say: tuple[bytes, ...] = ()
    tls: str | None = None
    """SNI; empty: TLS without."""
    alpn: tuple[str, ...] = ()
    pins: bool = False
    requests: tuple[tuple[str, str, str, str], ...] = ()
    """Of HTTP/2: method, scheme, authority, path."""
    whole: bool = False
    resolved: bool = False
    """Ask for its address as programs do, wherever the road takes addresses."""
    plain: bool = False
    """To the proxy's listener as it is: without CONNECT."""
    command: int = 1
    """Of SOCKS: connect, bind, pass UDP on."""
    roads: tuple[str, ...] = ()
    """The roads it makes sense on; empty: each."""
    in_vain: bool = False
    """Nobody answers: it is not waited for."""
    patience: float = 15.0
    """Seconds, where somebody may: what has to be answered is waited for longer, since machines are busy."""
    kind: str = ""
    wanted: dict[str, Any] = field(default_factory=dict, hash=False)
    """What a capture of it says."""


@dataclass(frozen=True)
class Road:
    """An entrance, and the IP version it is used by."""

    name: str
    six: bool = False

    @property
    def entrance(self) -> str:
        return self.name.partition("-")[0]

    @property
    def by_address(self) -> bool:
        """Where a client connects to an address, as if nobody were in between."""
        return self.entrance not in ("explicit", "socks", "steered")

    @property
    def gateway(self) -> str:
        return GATEWAY_V6 if self.six else GATEWAY


def _roads(*entrances: str) -> tuple[Road, ...]:
    return tuple(Road(name + ("-ipv6" if six else ""), six) for name in entrances for six in (False, True))


STAGING = _roads("explicit", "socks", "steered", "transparent")
TRANSPARENT, TUNNEL, RUN = _roads("transparent"), _roads("wireguard"), _roads("run")
ROADS = (*STAGING, *TUNNEL, *RUN)


@dataclass(frozen=True)
class Attempt:
    """One case on one road, from an address of its own or to one, by which its captures are known."""

    case: Case
    road: Road
    source: str
    """Empty where the road gives whoever takes it one address: then the destination is its own."""
    aim: str = ""
    """The address that stands for a name."""

    @property
    def id(self) -> str:
        return f"{self.case.name}@{self.road.name}"

    @property
    def wanted(self) -> dict[str, Any]:
        """What a capture of it says."""
        if self._is_refused_at_once():
            return {"port": self.case.port}
        return self.case.wanted

    def _is_refused_at_once(self) -> bool:
        return self.road.entrance == "explicit" and self.case.port in SERVER_SPEAKS_FIRST

    @property
    def mark(self) -> str:
        """Words that its captures have, and no others of their source."""
        return self._host()

    def is_on_record(self, captures: Iterable[dict[str, Any]]) -> bool:
        """Whether one of its source's says so; all of them have to say that nothing left."""
        found = [{**one["target"], **one} for one in captures]
        return any(self.wanted.items() <= one.items() for one in found) and not any(one["left"] for one in found)

    def told(self) -> dict[str, Any]:
        """For the probe."""
        case = self.case
        tls = None if case.tls is None else {"sni": case.tls, "alpn": list(case.alpn), "pins": case.pins}
        return {
            "id": self.id,
            "kind": case.kind or ("http2" if case.requests else "stream"),
            "source": self.source,
            "six": self.road.six,
            "road": self._road(),
            "to": [self._host(), case.port],
            "command": case.command,
            "tls": tls,
            "say": [one.decode("latin-1") for one in case.say],
            "requests": case.requests,
            "whole": case.whole,
            "patience": 2.0 if case.in_vain or self._is_refused_at_once() else self.case.patience,
        }

    def _road(self) -> list[Any]:
        here = self.road.gateway
        if self.road.entrance == "explicit":
            return ["plain" if self.case.plain else "proxy", here, PROXY]
        if self.road.entrance == "socks":
            return ["socks", here, SOCKS]
        if self.road.entrance == "steered":
            return ["plain", here, self.case.port]
        return ["direct"]

    def _host(self) -> str:
        if self.case.kind or not self.road.by_address or self.case.resolved or _is_address(self.case.host):
            return self.case.host
        return self.aim


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def attempt(case: Case, road: Road) -> Attempt:
    """From an address behind staging that nobody had yet; through a tunnel, to one of the world's."""
    number = next(_numbers)
    if road.entrance == "wireguard":
        aim = f"2606:4700:77::{number:x}" if road.six else f"45.77.{number >> 8}.{number & 255}"
        return Attempt(case, road, "", aim)
    mine = f"fd77:2::{number:x}" if road.six else f"10.78.{number >> 8}.{number & 255}"
    return Attempt(case, road, mine, PARTNER_V6 if road.six else PARTNER)


def attempts(cases: Iterable[Case], roads: Iterable[Road]) -> list[Attempt]:
    """Each case on each road it makes sense on, by IPv4 and IPv6 where its host allows."""
    roads = tuple(roads)
    return [attempt(case, road) for case in cases for road in roads if _goes(case, road)]


def _goes(case: Case, road: Road) -> bool:
    if case.roads and road.entrance not in case.roads:
        return False
    if road.entrance == "steered":
        return case.port in (80, 443) and not _is_address(case.host)
    if road.by_address and not case.resolved and _is_address(case.host):
        return (":" in case.host) == road.six
    return True
