"""How each kind of setting is read from text: ports, sizes, lists, zones. A ValueError says what would be right."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?", re.ASCII)
UNITS = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}


def port(value: Any) -> int:
    """A TCP or UDP port; 0 picks a free one."""
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise ValueError("must be a port number from 0 (any free one) to 65535")
    return int(text)


PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)


def ports(value: Any) -> tuple[int, ...]:
    """`20000-20019,20100`: TCP ports, alone or from one to another, each once."""
    found: list[int] = []
    for item in items(value):
        match = PORTS.fullmatch(item)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < first <= last < 65536:
            raise ValueError("must name ports from 1 to 65535, such as 20000-20019 or 20000,20001,20002")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def log_group(value: Any) -> int:
    """A netfilter log group; 0 is what other programs take where they are told none."""
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or not 0 < int(text) < 65536:
        raise ValueError("must be a netfilter log group from 1 to 65535")
    return int(text)


def days(value: Any) -> int:
    """A whole number of days, at least one."""
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ValueError("must be a whole number of days, 1 or more")
    return int(text)


def octets(value: Any) -> int:
    """A size: `10 GB` is 10 x 10^9 octets, `10 GiB` 10 x 2^30, a bare number octets."""
    match = None if isinstance(value, bool) else SIZE.fullmatch(str(value).strip())
    if match is None:
        raise ValueError("must be a size such as 500 MB, 10 GB or a number of bytes")
    return int(float(match[1]) * UNITS[match[2] or "B"])


def address(value: Any) -> str:
    """An IP address by its number: a name would have to be resolved before anything is held."""
    try:
        return str(ipaddress.ip_address(str(value).strip().strip("[]")))
    except ValueError:
        raise ValueError("must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1") from None


def items(value: Any, separator: str = ",") -> tuple[str, ...]:
    """A list, or text with separators; blanks are dropped."""
    given = value if isinstance(value, (list, tuple)) else str(value).split(separator)
    return tuple(text for item in given if (text := str(item).strip()))


def addresses(value: Any) -> tuple[str, ...]:
    """IP addresses, at most one of each family."""
    found = tuple(address(item) for item in items(value))
    families = [ipaddress.ip_address(one).version for one in found]
    if len(set(families)) < len(families):
        raise ValueError("must name at most one IPv4 and one IPv6 address")
    return found


SMALLEST_NETWORK = 16
"""Addresses: fewer names than that nobody asks."""


def steering(value: Any) -> tuple[str, ...]:
    """IP addresses, and networks that each name gets an address of its own out of: at most one of each of a family."""
    given = items(value)
    nets = [_network(item) for item in given if "/" in item]
    families = [net.version for net in nets]
    if len(set(families)) < len(families):
        raise ValueError("must name at most one IPv4 and one IPv6 network")
    if nets and 4 not in families:
        raise ValueError("must name an IPv4 network such as 198.18.0.0/15 beside the IPv6 one")
    sizes = {net.version: net.num_addresses for net in nets}
    if sizes.get(6, 1 << 128) < sizes.get(4, 0):
        raise ValueError("must name an IPv6 network as large as the IPv4 one, such as fd53::/64")
    return (*addresses([item for item in given if "/" not in item]), *map(str, nets))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("must be IP addresses, or networks such as 198.18.0.0/15 or fd53::/64") from None
    if found.num_addresses < SMALLEST_NETWORK:
        raise ValueError(f"must name networks of at least {SMALLEST_NETWORK} addresses, such as 198.18.0.0/15")
    return found


def paths(value: Any) -> tuple[str, ...]:
    """Files or folders, separated as PATH is."""
    return items(value, os.pathsep)


def zones(value: Any) -> dict[str, str]:
    """`svc.cluster.local=10.96.0.10,corp.example=10.0.0.53:5353`: a name's suffix and the resolver it is asked of."""
    pairs = value.items() if isinstance(value, dict) else (item.partition("=")[::2] for item in items(value))
    return dict(_zone(str(name), str(resolver)) for name, resolver in pairs)


def _zone(name: str, resolver: str) -> tuple[str, str]:
    name = name.strip().strip(".").lower()
    if not name or not _is_resolver(resolver.strip()):
        raise ValueError("must read zone=resolver, such as svc.cluster.local=10.96.0.10 or corp.example=10.0.0.53:5353")
    return name, resolver.strip()


def _is_resolver(text: str) -> bool:
    host, separator, number = text.rpartition(":")
    if not separator or text.endswith("]") or (":" in host.strip("[]") and not host.startswith("[")):
        host, number = text, "53"
    try:
        address(host)
        return port(number) > 0
    except ValueError:
        return False


Port = Annotated[int, BeforeValidator(port)]
LogGroup = Annotated[int, BeforeValidator(log_group)]
Days = Annotated[int, BeforeValidator(days)]
Octets = Annotated[int, BeforeValidator(octets)]
Address = Annotated[str, BeforeValidator(address)]
Steering = Annotated[tuple[str, ...], BeforeValidator(steering)]
Ports = Annotated[tuple[int, ...], BeforeValidator(ports)]
Names = Annotated[tuple[str, ...], BeforeValidator(items)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(paths)]
Zones = Annotated[dict[str, str], BeforeValidator(zones)]
