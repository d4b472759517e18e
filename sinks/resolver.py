"""Resolver: who turns a name into addresses for the dialler. It judges nothing; every answer is judged there."""

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from policies.host import as_address

if TYPE_CHECKING:
    import dns.asyncresolver
    import dns.resolver


class NameNotFound(Exception):
    """The name has no address, or nobody could be asked for it. Nothing was dialled."""


class Resolver(Protocol):
    """Asked once for each dial."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Every IPv4 and IPv6 address of a name, as text, in the order to be tried. Raises NameNotFound."""
        ...


SYSTEM_HOSTS = Path("/etc/hosts")


class SystemResolver:
    """What this machine's own resolver says (getaddrinfo) of exactly the name that was judged.

    Of a name with a dot that has no address, it would say the address of another: of that name within a search domain
    (resolv.conf(5)), where somebody else may be. So it is asked for the name up to the root, unless the hosts file has
    it.
    """

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Raises NameNotFound."""
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.getaddrinfo(_whole(host), None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NameNotFound(f"the name {host} cannot be resolved: {error}") from error
        return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _whole(host: str) -> str:
    name = host.removesuffix(".")
    if "." not in name or as_address(name) is not None or name.lower() in _names_in(SYSTEM_HOSTS):
        return host
    return f"{name}."


def _names_in(hosts: Path) -> set[str]:
    """Those of hosts(5), which are found without a dot behind them alone."""
    try:
        lines = hosts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    return {name.lower() for line in lines for name in line.partition("#")[0].split()[1:]}


class DnsResolver:
    """One given DNS server, and never another."""

    def __init__(self, server: str, port: int = 53, *, seconds: float = 5.0) -> None:
        self._server = server
        self._port = port
        self._seconds = seconds
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Asks for A and AAAA at once. Raises NameNotFound."""
        import dns.exception  # takes a tenth of a second, and most gateways never ask a DNS server of their own

        try:
            answers = await self._dnspython().resolve_name(host)
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            where = f"the DNS server {self._server} port {self._port}"
            raise NameNotFound(f"the name {host} cannot be resolved by {where}: {error}") from error
        return tuple(answers.addresses())

    def _dnspython(self) -> "dns.asyncresolver.Resolver":
        if self._resolver is None:
            import dns.asyncresolver

            self._resolver = dns.asyncresolver.Resolver(configure=False)
            self._resolver.nameservers = [self._server]
            self._resolver.port = self._port
            self._resolver.lifetime = self._seconds
        return self._resolver


class ZoneResolver:
    """Names of given zones are asked of that zone's resolver, all others of the rest."""

    def __init__(self, zones: dict[str, Resolver], rest: Resolver) -> None:
        self._zones = {zone.strip(".").lower(): resolver for zone, resolver in zones.items()}
        self._rest = rest

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The most specific zone answers. Raises NameNotFound."""
        labels = host.rstrip(".").lower().split(".")
        for start in range(len(labels)):
            resolver = self._zones.get(".".join(labels[start:]))
            if resolver is not None:
                return await resolver.addresses(host)
        return await self._rest.addresses(host)
