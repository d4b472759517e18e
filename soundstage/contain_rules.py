"""The ruleset of `soundstage contain`: one nftables table as text, of values alone. Nothing is applied here.

What staging sends over TCP is turned to the transparent entrance, names to the DNS port, whatever the address. The rest
is refused, counted, and told to the packet log. The rules live in the kernel: they hold while the gateway is down.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from soundstage.contain_wanted import Wanted

TABLE = "inet soundstage"
COUNTERS = ("refused_tcp", "refused_udp", "refused_icmp", "refused_other")
LOGGED = 'limit rate 200/second burst 400 packets log prefix "soundstage" group {} snaplen 128 queue-threshold 1'
"""Told at once (a threshold of one packet), but never faster than the reader can read: totals are the counters'."""
EARLY_NAT = -110
"""Before everybody else's destination NAT (-100), which could lead staging elsewhere."""
EARLY_FILTER = -10
BEFORE_TRACKING = -300
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
"""IPv6 finds no address on the link without them. No router advertisement: staging is nobody's router."""
MULTICAST = "mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report"
CHATTER = (f"icmpv6 type {{ nd-router-solicit, {MULTICAST} }} drop", "ip protocol igmp drop")
"""What an interface says by itself; nobody attempted it."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where the gateway listens, as its settings say."""

    bind: str
    transparent: int
    dns: int
    own: tuple[int, ...]
    """TCP ports of its other entrances, which staging may dial by the gateway's own address. Never the dashboard's."""
    log_group: int | None = None


def ruleset(wanted: Wanted, gateway: Gateway) -> str:
    """For `nft -f`: the table as it is to be, in one transaction, whatever was there before."""
    body = [*_sets(wanted), *(f"counter {name} {{ }}" for name in COUNTERS)]
    if wanted.from_outside:
        body += [*_origin(gateway), *_outside_nat(wanted, gateway), *_outside_filter(wanted, gateway)]
    if wanted.users:
        body += [*_users_nat(gateway), *_users_filter(gateway)]
    if wanted.gateway_user is not None:
        body += _host_filter()
    body += _chain("refuse", _refusal(gateway))
    # Adding it first lets the deletion succeed where there is none yet.
    return "\n".join([f"add table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{", *_indented(body), "}", ""])


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


def _origin(gateway: Gateway) -> list[str]:
    """A packet in the name of an address that is not behind its interface is dropped before anything answers it.

    Else its answer, a refusal too, would go to that address: out into the world, with words of staging's own in it.
    """
    rules = [
        f"ip6 saddr :: icmpv6 type {{ nd-neighbor-solicit, {MULTICAST} }} return",
        "iifname @interfaces fib saddr . iif oif missing goto nameless",
    ]
    return [
        *_chain("nameless", [*_counted(gateway), "drop"]),
        *_hooked("origin", "filter", "prerouting", BEFORE_TRACKING, rules),
    ]


def _outside_nat(wanted: Wanted, gateway: Gateway) -> list[str]:
    """Of other machines: what they send by any address comes here."""
    within = [f'iifname "{one}" fib daddr oifname "{one}" return' for one in wanted.interfaces]
    turned = [
        f"fib daddr type local tcp dport {_ports(gateway.own)} return",
        "fib daddr type local tcp dport @services_tcp return",
        "fib daddr type local udp dport @services_udp return",
        *_turned(gateway, "fib daddr type local"),
        # Neighbours among themselves: where bridged frames are filtered too, they pass here.
        *within,
        "ip saddr @networks4 ip daddr @networks4 return",
        "ip6 saddr @networks6 ip6 daddr @networks6 return",
        *_turned(gateway),
    ]
    return [*_hooked("arriving", "nat", "prerouting", EARLY_NAT, _each("turned")), *_chain("turned", turned)]


def _outside_filter(wanted: Wanted, gateway: Gateway) -> list[str]:
    within = [f'iifname "{one}" oifname "{one}" accept' for one in wanted.interfaces]
    passing = [
        *within,
        "ip saddr @networks4 ip daddr @networks4 accept",
        "ip6 saddr @networks6 ip6 daddr @networks6 accept",
        *_each("refuse"),
    ]
    # Of everybody else: an entrance for staging is no proxy for the world on the other side.
    arriving = [
        'iifname "lo" accept',
        *_each("staging"),
        f"tcp dport {_ports((*gateway.own, gateway.transparent, gateway.dns))} reject with tcp reset",
        f"udp dport {gateway.dns} reject with icmpx admin-prohibited",
    ]
    return [
        *_hooked("passing", "filter", "forward", EARLY_FILTER, passing, "accept" if wanted.keep_forwarding else "drop"),
        *_hooked("entering", "filter", "input", EARLY_FILTER, arriving),
        *_chain("staging", [*_admitted(gateway, ""), *_replies(), NEIGHBOURS, *CHATTER, "goto refuse"]),
    ]


def _users_nat(gateway: Gateway) -> list[str]:
    """Of this host's own processes, by the user they run as. Loopback too: a mail server of the host's would relay."""
    turned = [
        f"fib daddr type local tcp dport {_ports(gateway.own)} return",
        "fib daddr type local tcp dport @services_tcp return",
        "fib daddr type local udp dport @services_udp return",
        *_turned(gateway),
    ]
    return [
        *_hooked("leaving", "nat", "output", EARLY_NAT, ["meta skuid @users goto turned_users"]),
        *_chain("turned_users", turned),
    ]


def _users_filter(gateway: Gateway) -> list[str]:
    admitted = [*_replies(), *_admitted(gateway, "fib daddr type local "), "goto refuse"]
    return [
        *_hooked("sending", "filter", "output", EARLY_FILTER, ["meta skuid @users goto users_only"]),
        *_chain("users_only", admitted),
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
    return _hooked("host", "filter", "output", EARLY_FILTER + 1, rules, "drop")


def _each(chain: str) -> list[str]:
    """Everything that comes from staging, by the way it comes."""
    return [
        f"iifname @interfaces goto {chain}",
        f"ip saddr @networks4 goto {chain}",
        f"ip6 saddr @networks6 goto {chain}",
    ]


def _turned(gateway: Gateway, narrowed: str = "") -> list[str]:
    """To the DNS port and the transparent entrance, of each family that the gateway listens on."""
    rules = []
    for family, to in _targets(gateway.bind):
        start = " ".join(word for word in (family, narrowed) if word)
        start += " " if start else ""
        rules += [
            f"{start}udp dport 53 {to}:{gateway.dns}",
            f"{start}tcp dport 53 {to}:{gateway.dns}",
            f"{start}meta l4proto tcp {to}:{gateway.transparent}",
        ]
    return rules


def _targets(bind: str) -> list[tuple[str, str]]:
    """(which packets, where to). A family the gateway does not listen on is not turned, so it is refused."""
    address = ipaddress.ip_address(bind)
    if address.is_unspecified:
        return [("", "redirect to ")] if address.version == 6 else [("meta nfproto ipv4", "redirect to ")]
    if address.version == 6:
        return [("meta nfproto ipv6", f"dnat ip6 to [{bind}]")]
    return [("meta nfproto ipv4", f"dnat ip to {bind}")]


def _admitted(gateway: Gateway, narrowed: str) -> list[str]:
    """What of this host the contained may reach: the entrances, and services that were named."""
    return [
        f"{narrowed}ct status dnat tcp dport {_ports((gateway.transparent, gateway.dns))} accept",
        f"{narrowed}ct status dnat udp dport {gateway.dns} accept",
        f"{narrowed}tcp dport {_ports(gateway.own)} accept",
        f"{narrowed}tcp dport @services_tcp accept",
        f"{narrowed}udp dport @services_udp accept",
    ]


def _replies() -> list[str]:
    """Answers to connections opened from the other side, and what ICMP has to say of those."""
    return [
        "ct direction reply ct state established accept",
        "meta l4proto { icmp, ipv6-icmp } ct state related accept",
    ]


def _refusal(gateway: Gateway) -> list[str]:
    """Refused rather than dropped: a program fails in milliseconds instead of waiting for minutes."""
    return [*_counted(gateway), "meta l4proto tcp reject with tcp reset", "reject with icmpx admin-prohibited"]


def _counted(gateway: Gateway) -> list[str]:
    log = [] if gateway.log_group is None else [LOGGED.format(gateway.log_group)]
    return [
        "meta l4proto tcp counter name refused_tcp",
        "meta l4proto udp counter name refused_udp",
        "meta l4proto { icmp, ipv6-icmp } counter name refused_icmp",
        "meta l4proto != { tcp, udp, icmp, ipv6-icmp } counter name refused_other",
        *log,
    ]


def _hooked(name: str, kind: str, hook: str, priority: int, rules: Sequence[str], policy: str = "accept") -> list[str]:
    return _chain(name, [f"type {kind} hook {hook} priority {priority}; policy {policy};", *rules])


def _chain(name: str, rules: Sequence[str]) -> list[str]:
    return [f"chain {name} {{", *_indented(rules), "}"]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _ports(ports: Iterable[int]) -> str:
    return "{ " + ", ".join(str(port) for port in sorted(set(ports))) + " }"
