"""Addresses: what kind an IP address is, and whether a resolved one may be dialled. Spelling lives in host.py."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from policies.embedded_address import embedded

AddressKind = Literal[
    "public", "private", "loopback", "link_local", "metadata", "multicast", "reserved", "unspecified", "shared",
    "benchmarking", "documentation", "broadcast",
]  # fmt: skip
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

OPENED_BY_ADDRESSES: frozenset[AddressKind] = frozenset(
    {"private", "loopback", "shared", "benchmarking", "documentation"}
)
"""Kinds an opt-in's `addresses` can open. Public ones need no opening; nothing opens the others."""

# First match wins: the addresses of metadata services lie inside ranges of other kinds.
# Sources: IANA's special-purpose registries (RFC 6890) and the clouds' documentation of their metadata services.
_V4: tuple[tuple[AddressKind, tuple[str, ...]], ...] = (
    ("metadata", ("169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "192.0.0.192",
                  "100.100.100.200")),
    ("unspecified", ("0.0.0.0/8",)),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    ("shared", ("100.64.0.0/10",)),
    ("loopback", ("127.0.0.0/8",)),
    ("link_local", ("169.254.0.0/16",)),
    ("documentation", ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")),
    ("benchmarking", ("198.18.0.0/15",)),
    ("broadcast", ("255.255.255.255",)),
    ("multicast", ("224.0.0.0/4",)),
    ("reserved", ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4")),
)  # fmt: skip
_V6: tuple[tuple[AddressKind, tuple[str, ...]], ...] = (
    ("metadata", ("fd00:ec2::/32", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "fe80::a9fe:a9fe")),
    ("unspecified", ("::",)),
    ("loopback", ("::1",)),
    ("link_local", ("fe80::/10",)),
    ("private", ("fc00::/7", "fec0::/10", "64:ff9b:1::/48")),
    # What only carries an IPv4 address is as public as that one is, but for a form nobody uses any more.
    ("public", ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "2001::/32", "2002::/16")),
    ("private", ("::/96",)),
    ("multicast", ("ff00::/8",)),
    ("documentation", ("2001:db8::/32", "3fff::/20")),
    ("benchmarking", ("2001:2::/48",)),
    ("public", ("2001:1::1", "2001:1::2", "2001:3::/32", "2001:4:112::/48")),
    ("reserved", ("2001::/23",)),
    ("public", ("2000::/3",)),
)
_V4_NETWORKS = tuple((kind, IPv4Network(text)) for kind, texts in _V4 for text in texts)
_V6_NETWORKS = tuple((kind, IPv6Network(text)) for kind, texts in _V6 for text in texts)


@lru_cache(maxsize=4096)
def classify(ip: Address) -> AddressKind:
    """The kind of an address; of an IPv6 address that carries IPv4 ones, the strictest kind among all of them."""
    if isinstance(ip, IPv4Address):
        return next((kind for kind, network in _V4_NETWORKS if ip in network), "public")
    kinds = [*map(classify, embedded(ip)), _own_kind(ip)]
    shut = (kind for kind in kinds if kind != "public" and kind not in OPENED_BY_ADDRESSES)
    return next(shut, next((kind for kind in kinds if kind != "public"), "public"))


def refusal(ip: Address | str, allowed: tuple[str, ...]) -> str | None:
    """A sentence why this resolved address must not be dialled, or None if it may be.

    `allowed` are networks (CIDR) of an opt-in's `addresses`. They open private, loopback, shared, benchmarking and
    documentation addresses; metadata, link-local, multicast, unspecified and reserved ones stay shut whatever they say.
    """
    try:
        address = _bare(ip_address(ip) if isinstance(ip, str) else ip)
    except ValueError:
        return f"{ip!a} is not an IP address"
    kind = classify(address)
    shown = f"{address} is {_ARTICLE[kind]} address"
    inner = embedded(address) if isinstance(address, IPv6Address) else ()
    if inner:
        shown += f" (it carries {', '.join(map(str, inner))})"
    if kind in OPENED_BY_ADDRESSES:
        opened = all(_inside(each, allowed) for each in _to_be_opened(address, inner))
        return None if opened else f"{shown}, and no `addresses` of the opt-in contain it"
    return None if kind == "public" else f"{shown}, which nothing may ever reach"


def _own_kind(ip: IPv6Address) -> AddressKind:
    # IANA has given out nothing but 2000::/3 as global unicast: the rest is reserved.
    return next((kind for kind, network in _V6_NETWORKS if ip in network), "reserved")


def _to_be_opened(address: Address, inner: tuple[IPv4Address, ...]) -> tuple[Address, ...]:
    """A connection to a translated address arrives at the IPv4 one: both have to be opened, public inner ones not."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if mapped is not None:
        return (mapped,)
    return (address, *(each for each in inner if classify(each) != "public"))


def _bare(address: Address) -> Address:
    if isinstance(address, IPv6Address) and address.scope_id:
        return IPv6Address(int(address))
    return address


def _inside(address: Address, allowed: tuple[str, ...]) -> bool:
    return any(address in network for network in networks(allowed))


@lru_cache(maxsize=1024)
def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Networks of CIDR texts. Raises ValueError for a text that is none."""
    return tuple(ip_network(text, strict=False) for text in texts)


_ARTICLE: dict[AddressKind, str] = {
    "public": "a public",
    "private": "a private",
    "loopback": "a loopback",
    "link_local": "a link-local",
    "metadata": "a cloud metadata",
    "multicast": "a multicast",
    "reserved": "a reserved",
    "unspecified": "an unspecified",
    "shared": "a shared (carrier-grade NAT)",
    "benchmarking": "a benchmarking",
    "documentation": "a documentation",
    "broadcast": "a broadcast",
}
