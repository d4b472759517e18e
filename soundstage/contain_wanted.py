"""Whom `soundstage contain` contains, as one value: of the command line's words, or of the sets in a table in force."""

import ipaddress
import pwd
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from soundstage.trouble import ConfigError

INTERFACE = re.compile(r"[A-Za-z0-9_.@:-]{1,15}")
"""IFNAMSIZ is 16 with its NUL; quotes, spaces and the wildcard `*` have no place in a rule of ours."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything about the contained side. The gateway's own ports are `contain_rules.Gateway`."""

    interfaces: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    users: tuple[int, ...] = ()
    """Of this host's own processes, those that run as these user ids."""
    gateway_user: int | None = None
    """Whose processes alone may open connections from this host, where that is asked for."""
    services: tuple[str, ...] = ()
    """Ports of this host that the contained may reach: `5432/tcp`."""
    keep_forwarding: bool = False
    """This host goes on being a router for whatever is not contained."""

    @property
    def from_outside(self) -> bool:
        """Whether anybody but this host's own processes is contained."""
        return bool(self.interfaces or self.networks)

    @property
    def nobody(self) -> bool:
        return not (self.from_outside or self.users)

    def services_over(self, protocol: str) -> tuple[int, ...]:
        """The ports of `services` over `tcp` or `udp`."""
        return tuple(int(one.partition("/")[0]) for one in self.services if one.endswith(f"/{protocol}"))


def wanted_of(
    interfaces: Sequence[str],
    networks: Sequence[str],
    users: Sequence[str],
    gateway_user: str | None,
    services: Sequence[str],
    keep_forwarding: bool,
) -> Wanted:
    """What was typed, checked. ConfigError with the value and what would be right."""
    made = Wanted(
        tuple(sorted({_interface(one) for one in interfaces})),
        _networks(networks),
        tuple(sorted({uid_of(one) for one in users})),
        None if gateway_user is None else uid_of(gateway_user),
        tuple(sorted({service(one) for one in services})),
        keep_forwarding,
    )
    if made.gateway_user is not None and made.gateway_user in made.users:
        raise ConfigError(
            f"the user {gateway_user} cannot be contained and be the gateway's at once",
            "run the gateway as a user of its own",
        )
    if keep_forwarding and made.networks:
        raise ConfigError(
            "--keep-forwarding cannot be had together with --network: root in staging may send from another address",
            "name the interface that the network is behind with --interface",
        )
    return made


def _interface(text: str) -> str:
    if INTERFACE.fullmatch(text) is None or text == "lo":
        raise ConfigError(
            f"--interface {text}: must be the name of one network interface, such as eth1 or br-staging; lo is none"
        )
    return text


def _networks(given: Sequence[str]) -> tuple[str, ...]:
    """Sorted, joined where they overlap: a set of the kernel's takes no range twice."""
    read = [_network(text) for text in given]
    v4 = ipaddress.collapse_addresses(one for one in read if isinstance(one, ipaddress.IPv4Network))
    v6 = ipaddress.collapse_addresses(one for one in read if isinstance(one, ipaddress.IPv6Network))
    return (*map(str, v4), *map(str, v6))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        read = ipaddress.ip_network(text)
    except ValueError:
        raise ConfigError(f"--network {text}: must be a network such as 10.20.0.0/16 or fd12:3456::/48") from None
    if read.prefixlen == 0 or read.is_loopback:
        raise ConfigError(f"--network {text}: must be the staging network's own addresses, not everybody's")
    return read


def uid_of(text: str) -> int:
    """A user by name or number. Root is refused: it can take the rules away."""
    try:
        uid = int(text) if text.isascii() and text.isdigit() else pwd.getpwnam(text).pw_uid
    except KeyError:
        raise ConfigError(f"there is no user {text} on this machine") from None
    if uid == 0 or uid >= 2**32 - 1:
        raise ConfigError(f"the user {text} cannot be contained: it must be a user of its own, not root")
    return uid


def service(text: str) -> str:
    """`5432`, `5432/tcp`, `123/udp` as `PORT/PROTOCOL`."""
    number, _, protocol = text.partition("/")
    protocol = protocol or "tcp"
    right = number.isascii() and number.isdigit() and 0 < int(number) < 65536 and protocol in ("tcp", "udp")
    if not right:
        raise ConfigError(f"--service {text}: must be a port of this host, such as 5432 or 123/udp")
    return f"{int(number)}/{protocol}"


def wanted_in(table: Sequence[dict[str, Any]]) -> Wanted:
    """Whom a table in force contains, out of its sets: `nft --json list table`."""
    sets = {one["set"]["name"]: list(_elements(one["set"].get("elem", []))) for one in table if "set" in one}
    forward = [one["chain"] for one in table if one.get("chain", {}).get("hook") == "forward"]
    gateway_users = sets.get("gateway_user", [])
    return Wanted(
        tuple(sorted(map(str, sets.get("interfaces", [])))),
        _networks([str(one) for name in ("networks4", "networks6") for one in sets.get(name, [])]),
        tuple(sorted(uid_of(str(one)) for one in sets.get("users", []))),
        uid_of(str(gateway_users[0])) if gateway_users else None,
        tuple(sorted(f"{port}/{over}" for over in ("tcp", "udp") for port in sets.get(f"services_{over}", []))),
        any(chain.get("policy") == "accept" for chain in forward),
    )


def _elements(listed: Iterable[Any]) -> Iterable[Any]:
    for one in listed:
        if isinstance(one, dict) and "prefix" in one:
            yield f"{one['prefix']['addr']}/{one['prefix']['len']}"
        else:
            yield one
