"""The ruleset of `soundstage contain`: one nftables table as text, of values alone. Nothing is applied here.

What staging sends over TCP is turned to the transparent entrance, names to the DNS port, whatever the address. The rest
is refused, counted, and told to the packet log. The rules live in the kernel: they hold while the gateway is down.
"""

import ipaddress
from collections.abc import Iterable

from soundstage.contain_pieces import (
    COUNTERS,
    Gateway,
    admitted,
    chain,
    counted,
    each,
    hooked,
    indented,
    ports,
    refusal,
    replies,
    turned,
)
from soundstage.contain_wanted import Wanted

TABLE = "inet soundstage"
EARLY_NAT = -110
"""Before everybody else's destination NAT (-100), which could lead staging elsewhere."""
EARLY_FILTER = -10
AFTER_NAT = -90
"""Before the kernel routes: what it would not pass on, for whatever reason, it discards there without counting it."""
BEFORE_PIECING = -450
"""Of the kernel, that puts fragments together (-400): it answers him in whose name one came, if the others do not."""
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
"""IPv6 finds no address on the link without them. No router advertisement: staging is nobody's router."""
MULTICAST = "mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report"
NETWORKS = (("ip", "networks4"), ("ip6", "networks6"))
LINK_GROUPS, LINK_GROUPS_V6 = "224.0.0.0/24", "ff02::/16"
"""Groups of one link's own (RFC 5771, RFC 4291), which nobody passes on: what is said there is said to neighbours."""
HERE = "fib daddr type local "
UNBEGUN = "ct state new tcp flags & (fin | syn | rst | ack) != syn goto refuse"
"""TCP of a connection that was never begun: turned to an entrance, it would be reset there, and nobody told."""
CHATTER = (f"icmpv6 type {{ nd-router-solicit, {MULTICAST} }} drop", "ip protocol igmp drop")
"""What an interface says by itself; nobody attempted it."""


def ruleset(wanted: Wanted, gateway: Gateway) -> str:
    """For `nft -f`: the table as it is to be, in one transaction, whatever was there before."""
    body = [*_sets(wanted), *(f"counter {name} {{ }}" for name in COUNTERS)]
    if wanted.from_outside:
        body += [*_origin(wanted, gateway), *_outside_nat(wanted, gateway), *_outside_filter(wanted, gateway)]
    if wanted.users:
        body += [*_users_nat(gateway), *_users_filter(gateway)]
    if wanted.gateway_user is not None:
        body += _host_filter()
    body += chain("refuse", refusal(gateway))
    # Adding it first lets the deletion succeed where there is none yet.
    return "\n".join([f"add table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{", *indented(body), "}", ""])


def _sets(wanted: Wanted) -> list[str]:
    v4 = [one for one in wanted.networks if ipaddress.ip_network(one).version == 4]
    v6 = [one for one in wanted.networks if ipaddress.ip_network(one).version == 6]
    gateway_user = [] if wanted.gateway_user is None else [str(wanted.gateway_user)]
    return [
        _set("interfaces", "type ifname;", [f'"{one}"' for one in wanted.interfaces]),
        _set("networks4", "type ipv4_addr; flags interval;", v4),
        _set("networks6", "type ipv6_addr; flags interval;", v6),
        _set("users", "typeof meta skuid;", map(str, wanted.users)),
        _set("gateway_user", "typeof meta skuid;", gateway_user),
        _set("services_tcp", "type inet_service;", map(str, wanted.services_over("tcp"))),
        _set("services_udp", "type inet_service;", map(str, wanted.services_over("udp"))),
    ]


def _set(name: str, kind: str, elements: Iterable[str]) -> str:
    listed = ", ".join(elements)
    return f"set {name} {{ {kind} elements = {{ {listed} }} }}" if listed else f"set {name} {{ {kind} }}"


def _origin(wanted: Wanted, gateway: Gateway) -> list[str]:
    """A packet in the name of an address that is not behind its interface is dropped before anything answers it.

    Else its answer, a refusal too, would go to that address: out into the world, with words of staging's own in it.
    Where staging is named by its addresses, any interface may be the one it is behind.
    """
    suspect = 'iifname != "lo"' if wanted.networks else "iifname @interfaces"
    rules = [
        f"ip6 saddr :: icmpv6 type {{ nd-neighbor-solicit, {MULTICAST} }} return",
        f"{suspect} fib saddr . iif oif missing goto nameless",
    ]
    return [
        *chain("nameless", [*counted(gateway), "drop"]),
        *hooked("origin", "filter", "prerouting", BEFORE_PIECING, rules),
    ]


def _outside_nat(wanted: Wanted, gateway: Gateway) -> list[str]:
    """Of other machines: what they send by any address comes here."""
    within = [f'iifname "{one}" fib daddr oifname "{one}" return' for one in wanted.interfaces]
    rules = [
        f"fib daddr type local tcp dport {ports(gateway.own)} return",
        "fib daddr type local tcp dport @services_tcp return",
        "fib daddr type local udp dport @services_udp return",
        *turned(gateway, "fib daddr type local"),
        # Neighbours among themselves: where bridged frames are filtered too, they pass here.
        *within,
        *_among_networks("return"),
        *turned(gateway),
    ]
    return [*hooked("arriving", "nat", "prerouting", EARLY_NAT, each("turned")), *chain("turned", rules)]


def _outside_filter(wanted: Wanted, gateway: Gateway) -> list[str]:
    neighbours = [f'iifname "{one}" fib daddr oifname "{one}" accept' for one in wanted.interfaces]
    coming = [
        f"ip daddr {LINK_GROUPS} accept",
        f"ip6 daddr {LINK_GROUPS_V6} accept",
        *neighbours,
        *_among_networks("accept"),
        "goto staging",
    ]
    within = [f'iifname "{one}" oifname "{one}" accept' for one in wanted.interfaces]
    passing = [
        *within,
        *_among_networks("accept"),
        *each("refuse"),
    ]
    # Of everybody else: an entrance for staging is no proxy for the world on the other side.
    arriving = [
        'iifname "lo" accept',
        *each("staging"),
        f"tcp dport {ports((*gateway.own, gateway.transparent, gateway.dns))} reject with tcp reset",
        f"udp dport {gateway.dns} reject with icmpx admin-prohibited",
    ]
    return [
        *chain("coming_from", coming),
        *hooked("coming", "filter", "prerouting", AFTER_NAT, each("coming_from")),
        *hooked("passing", "filter", "forward", EARLY_FILTER, passing, "accept" if wanted.keep_forwarding else "drop"),
        *hooked("entering", "filter", "input", EARLY_FILTER, arriving),
        *chain("staging", [UNBEGUN, *admitted(gateway, HERE), *replies(), NEIGHBOURS, *CHATTER, "goto refuse"]),
    ]


def _among_networks(verdict: str) -> list[str]:
    return [f"{family} saddr @{name} {family} daddr @{name} {verdict}" for family, name in NETWORKS]


def _users_nat(gateway: Gateway) -> list[str]:
    """Of this host's own processes, by the user they run as. Loopback too: a mail server of the host's would relay."""
    rules = [
        f"fib daddr type local tcp dport {ports(gateway.own)} return",
        "fib daddr type local tcp dport @services_tcp return",
        "fib daddr type local udp dport @services_udp return",
        *turned(gateway),
    ]
    return [
        *hooked("leaving", "nat", "output", EARLY_NAT, ["meta skuid @users goto turned_users"]),
        *chain("turned_users", rules),
    ]


def _users_filter(gateway: Gateway) -> list[str]:
    rules = [*replies(), *admitted(gateway, HERE), "goto refuse"]
    return [
        *hooked("sending", "filter", "output", EARLY_FILTER, ["meta skuid @users goto users_only"]),
        *chain("users_only", rules),
    ]


def _host_filter() -> list[str]:
    """This host's own processes but the gateway's open no connection: none of them is a relay for staging."""
    rules = [
        'oifname "lo" accept',
        "fib daddr type local accept",
        "ct state established,related accept",
        "meta skuid @gateway_user accept",
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept",
        f"icmpv6 type {{ {MULTICAST} }} accept",
        "goto refuse",
    ]
    return hooked("host", "filter", "output", EARLY_FILTER + 1, rules, "drop")
