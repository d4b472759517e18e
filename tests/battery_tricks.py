"""The battery's tricks: each of `leak_tricks` on every road, in the clear and under TLS, aimed at what is opted in."""

from collections.abc import Iterable

from battery_attempt import PARTNER, Attempt, Case, Road, attempt
from leak_house import BELOW, OPEN, SECOND, SHUT, Way
from leak_tricks import TRICKS, Trick, spellings

PORTS = {"http": 80, "https": 443}
NO_TRICK = {
    "connect-and-host-mean-other-ports": ("explicit", "socks"),
    "connect-by-number-to-a-name": ("socks",),
}
"""Where what it says is nothing unusual: the port it says is the right one here; SOCKS takes addresses for names."""
THOROUGH = ("explicit", "transparent")
"""What the others lead to, as it is."""
AN_ADDRESS = "an address that the road knows"


def tricks(roads: Iterable[Road]) -> list[Attempt]:
    """Each by every entrance: in the clear and under TLS, or in turn one of these; by IPv4 and IPv6 in turn."""
    found = []
    for number, (name, trick) in enumerate(TRICKS.items()):
        for road in roads:
            schemes = [] if road.entrance in NO_TRICK.get(name, ()) else _schemes(trick, road)
            if road.entrance not in THOROUGH and schemes:
                schemes = [schemes[number // 2 % len(schemes)]]
            for turn, scheme in enumerate(schemes, number):
                if road.six == bool(turn % 2):
                    found.append(trick_on(f"{name}-{scheme}", trick, road, scheme))
    return found


def _schemes(trick: Trick, road: Road) -> list[str]:
    return [scheme for scheme in PORTS if _way(road, scheme) in trick.ways]


def trick_on(name: str, trick: Trick, road: Road, scheme: str) -> Attempt:
    """One of them, as it is said on this road."""
    port, way = PORTS[scheme], _way(road, scheme)
    played = trick.spoken(way, _named(port))
    host, _, to = played.connect.rpartition(":")
    case = Case(
        name,
        AN_ADDRESS if road.by_address else host.strip("[]"),
        int(to) if way == "explicit-https" else port,
        (played.octets,),
        tls=played.sni if scheme == "https" else None,
        alpn=("http/1.1",),
        plain=way == "explicit-http",
    )
    return attempt(case, road)


def _way(road: Road, scheme: str) -> Way:
    """What a client says by SOCKS differs from a tunnel's by the proxy in the clear alone."""
    if road.entrance == "explicit" or (road.entrance == "socks" and scheme == "https"):
        return "explicit-http" if scheme == "http" else "explicit-https"
    return "steered-http" if scheme == "http" else "steered-https"


def _named(port: int) -> dict[str, str]:
    """Placeholders of the tricks. NAME is opted in: without its trick the same request would leave."""
    names = {"STRANGER": SHUT, "OTHER": SECOND, "NAME": OPEN, "BELOW": BELOW, "PORT": str(port)}
    return {**spellings(PARTNER), **names}
