"""HostPattern: what an opt-in's `to` may say, and which hosts it means. One matcher serves every protocol."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

from policies.address import Network
from policies.host import BadName, as_address, canonical_host
from policies.public_suffix import is_public_suffix

_WIDEST = {4: 8, 6: 16}
"""The shortest network prefix that names a network rather than everything."""


class BadPattern(ValueError):
    """A pattern that is not understood: what is wrong with it; what would be right."""


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A host, all hosts below one, an address or a network; perhaps narrowed to a port."""

    text: str
    """In canonical spelling, with its port."""
    kind: Literal["exact", "below", "network"]
    name: str
    """The host, the name it must be below, or the network."""
    port: int | None = None
    network: Network | None = None

    @property
    def specificity(self) -> tuple[int, int]:
        """The greater one wins: a host before names below one, a longer name or prefix before a shorter."""
        if self.kind == "below":
            return (1, self.name.count(".") + 1)
        if self.network is not None and self.network.prefixlen < self.network.max_prefixlen:
            return (1, self.network.prefixlen)
        return (2, 0)

    def matches(self, host: str) -> bool:
        """Whether it means this canonical host. An address is meant by its number only."""
        if self.network is not None:
            address = as_address(host)
            return address is not None and address in self.network
        if self.kind == "below":
            return len(host) > len(self.name) + 1 and host.endswith("." + self.name)
        return host == self.name

    def matches_port(self, port: int, usual: int | None) -> bool:
        """Without a port of its own it means the usual one of the scheme that is spoken."""
        return port == (self.port if self.port is not None else usual)


def parse_pattern(text: object) -> HostPattern:
    """The pattern that `text` spells. Raises BadPattern."""
    host, port = _without_port(_plain(text))
    if "/" in host:
        return _network(host, port)
    if "*" in host:
        return _below(host, port)
    try:
        name = canonical_host(host)
    except BadName as error:
        raise BadPattern(f"{error}; write a host, such as api.example.com or *.example.com") from error
    address = as_address(name)
    if address is None:
        return HostPattern(_spelt(name, port), "exact", name, port)
    if host.strip("[]").lower() != str(ip_address(name)):
        raise BadPattern(f"{text!r} is the address {name}; write {name}")
    return HostPattern(_spelt(name, port), "network", name, port, ip_network(address))


def _plain(text: object) -> str:
    if isinstance(text, list):
        raise BadPattern("a list is no host name; write one host, and an opt-in for each of the others")
    if not isinstance(text, str):
        raise BadPattern(f"{text!r} is no host name; write a name, or an address in four parts")
    if not text.isascii():
        raise BadPattern(f"{text!a} is not ASCII; write the A-label{_a_label(text)}, so that everybody reads one name")
    if "//" in text or "@" in text:
        raise BadPattern(f"{text!r} is more than a host; write the host alone, such as api.example.com")
    return text


def _below(host: str, port: int | None) -> HostPattern:
    name = host.removeprefix("*.")
    if host == "*":
        raise BadPattern("'*' means every host; name the hosts, such as *.example.com")
    if "*" in name or not host.startswith("*."):
        raise BadPattern(f"{host!r} has a star that is not the whole first label; write *.example.com")
    try:
        canonical = canonical_host(name)
    except BadName as error:
        raise BadPattern(f"{error}; write *.example.com") from error
    if as_address(canonical) is not None:
        raise BadPattern(f"{host!r} is a star before an address; write a network, such as 203.0.113.0/24")
    if is_public_suffix(canonical):
        raise BadPattern(
            f"{host!r} covers {canonical}, under which anybody can register a name; write *.example.{canonical}"
        )
    return HostPattern(_spelt(f"*.{canonical}", port), "below", canonical, port)


def _network(host: str, port: int | None) -> HostPattern:
    try:
        network = ip_network(host.strip("[]"))
    except ValueError as error:
        raise BadPattern(f"{host!r} is no network ({error}); write one such as 203.0.113.0/24") from error
    if network.prefixlen < _WIDEST[network.version]:
        raise BadPattern(f"{host!r} is wider than /{_WIDEST[network.version]}; name the networks that are meant")
    return HostPattern(_spelt(str(network), port), "network", str(network), port, network)


def _without_port(text: str) -> tuple[str, int | None]:
    """Splits `host:port`; of an IPv6 address only after its bracket."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        return text, None
    if not (port.isdigit() and len(port) <= 5 and 0 < int(port) <= 65_535):
        raise BadPattern(f"{text!r} names the port {port!r}; write a number from 1 to 65535")
    return host, int(port)


def _spelt(name: str, port: int | None) -> str:
    if port is None:
        return name
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _a_label(text: str) -> str:
    try:
        return f" {canonical_host(text)}"
    except BadName:
        return ""
