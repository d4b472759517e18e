"""The network as a program sees it from where it runs: routes, interfaces, resolvers. Reads, and sends nothing."""

import ipaddress
import os
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

UP, GATEWAY, REJECT = 0x1, 0x2, 0x200
"""linux/route.h: RTF_UP, RTF_GATEWAY, RTF_REJECT."""
WIDEST = {4: 8, 6: 32}
"""Of a network of neighbours, its prefix: half of the world by an interface is a tunnel's."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Route:
    """One that leads somewhere by an interface; `gateway` is empty where it needs no further machine."""

    network: Network
    gateway: str
    device: str
    linked: bool = False
    """This machine has an address in it, or its next machine has: whatever is in it is a neighbour."""

    @property
    def is_default(self) -> bool:
        return self.network.prefixlen == 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is around."""

    routes: tuple[Route, ...] = ()
    devices: tuple[str, ...] = ()
    """Interfaces that are up, without loopback."""
    nameservers: tuple[str, ...] = ()

    @property
    def gateways(self) -> tuple[str, ...]:
        """The default routes' next machines."""
        return tuple(dict.fromkeys(one.gateway for one in self.routes if one.is_default and one.gateway))

    @property
    def other_devices(self) -> tuple[str, ...]:
        """Those that no default route uses; the first one, where there is no default route, is the usual one."""
        usual = {one.device for one in self.routes if one.is_default} or set(self.devices[:1])
        return tuple(one for one in self.devices if one not in usual)

    @property
    def other_ways(self) -> tuple[Route, ...]:
        """Routes that are not the first default one's, of its kind, nor to neighbours: nobody said what is behind them.

        Also without a next machine: a tunnel has none.
        """
        found = []
        for version in (4, 6):
            routes = [one for one in self.routes if one.network.version == version]
            usual = next(((one.gateway, one.device) for one in routes if one.is_default), None)
            found += [one for one in routes if not one.linked and (one.gateway, one.device) != usual]
        return tuple(found)

    def near(self, address: str) -> bool:
        """Whether a machine is this one, or on a link of ours."""
        read = ipaddress.ip_address(address.partition("%")[0])
        return (
            read.is_loopback
            or address in self.gateways
            or any(one.linked and read in one.network for one in self.routes if one.network.version == read.version)
        )


def look_around(proc: Path = Path("/proc/net"), resolv: Path = Path("/etc/resolv.conf")) -> Surroundings:
    """Of this machine. What a system does not tell is left out."""
    routes = (*routes_v4(_lines(proc / "route")[1:]), *routes_v6(_lines(proc / "ipv6_route")))
    return Surroundings(linked(routes, asked_from), tuple(_devices()), nameservers(_lines(resolv)))


def linked(routes: Sequence[Route], source_of: Callable[[str], str | None]) -> tuple[Route, ...]:
    """The routes, those to neighbours marked. A route by an interface alone may as well lead into a tunnel.

    `source_of`: from which address of its own this machine asks another.
    """
    gateways = [ipaddress.ip_address(one.gateway.partition("%")[0]) for one in routes if one.is_default and one.gateway]
    return tuple(replace(one, linked=_is_linked(one, gateways, source_of)) for one in routes)


def _is_linked(route: Route, gateways: Sequence[Address], source_of: Callable[[str], str | None]) -> bool:
    if route.gateway or route.network.prefixlen < WIDEST[route.network.version]:
        return False
    if route.network.is_link_local or (route.network.num_addresses == 1 and route.network[0] in gateways):
        return True
    source = source_of(str(route.network[min(1, route.network.num_addresses - 1)]))
    return source is not None and ipaddress.ip_address(source) in route.network


def asked_from(address: str) -> str | None:
    """By the routing table. Nothing is sent by asking it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
            return str(sock.getsockname()[0]).partition("%")[0]
    except OSError:
        return None


def routes_v4(lines: Iterable[str]) -> list[Route]:
    """Of /proc/net/route, without its head (proc_net(5)): addresses are hexadecimal, in the machine's own order."""
    found = []
    for line in lines:
        fields = line.split()
        if len(fields) < 8 or fields[0] == "lo" or int(fields[3], 16) & (UP | REJECT) != UP:
            continue
        target, gateway, mask = (_v4(fields[at]) for at in (1, 2, 7))
        through = gateway if int(fields[3], 16) & GATEWAY else ""
        found.append(Route(ipaddress.ip_network(f"{target}/{mask}"), through, fields[0]))
    return found


def routes_v6(lines: Iterable[str]) -> list[Route]:
    """Of /proc/net/ipv6_route. What the kernel has for itself (multicast, its own addresses) is no way anywhere."""
    found = []
    for line in lines:
        fields = line.split()
        if len(fields) < 10 or not int(fields[8], 16) & UP or fields[9] == "lo" or fields[0].startswith("ff"):
            continue
        network = ipaddress.ip_network((bytes.fromhex(fields[0]), int(fields[1], 16)))
        through = _v6(fields[4], fields[9]) if int(fields[8], 16) & GATEWAY else ""
        found.append(Route(network, through, fields[9]))
    return found


def _v6(text: str, device: str) -> str:
    """A router's address on its link alone means nothing without the link's name."""
    address = ipaddress.IPv6Address(bytes.fromhex(text))
    return f"{address}%{device}" if address.is_link_local else str(address)


def nameservers(lines: Iterable[str]) -> tuple[str, ...]:
    """Of resolv.conf(5)."""
    words = [line.split() for line in lines]
    return tuple(dict.fromkeys(one[1] for one in words if len(one) > 1 and one[0] == "nameserver"))


def _v4(text: str) -> str:
    return socket.inet_ntoa(struct.pack("=I", int(text, 16)))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _devices() -> list[str]:
    up = [name for _, name in socket.if_nameindex() if name != "lo"]
    return [name for name in up if _state(name) != "down"]


def _state(name: str) -> str:
    try:
        return Path(os.path.join("/sys/class/net", name, "operstate")).read_text().strip()  # noqa: PTH118 - any name
    except OSError:
        return "unknown"
