"""Pieces of a ruleset that its chains share: where packets are turned to, what is let in, how a refusal is counted."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

COUNTERS = ("refused_tcp", "refused_udp", "refused_icmp", "refused_other")
LOGGED = 'limit rate 200/second burst 400 packets log prefix "soundstage" group {} snaplen 128 queue-threshold 1'
"""Told at once (a threshold of one packet), but never faster than the reader can read: totals are the counters'."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where the gateway listens, as its settings say."""

    bind: str
    transparent: int
    dns: int
    own: tuple[int, ...]
    """TCP ports of its other entrances, which staging may dial by the gateway's own address. Never the dashboard's."""
    log_group: int | None = None


def each(chain: str) -> list[str]:
    """Everything that comes from staging, by the way it comes."""
    return [
        f"iifname @interfaces goto {chain}",
        f"ip saddr @networks4 goto {chain}",
        f"ip6 saddr @networks6 goto {chain}",
    ]


def turned(gateway: Gateway, narrowed: str = "") -> list[str]:
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


def admitted(gateway: Gateway, narrowed: str) -> list[str]:
    """What of this host the contained may reach: the entrances, and services that were named."""
    return [
        f"{narrowed}ct status dnat tcp dport {ports((gateway.transparent, gateway.dns))} accept",
        f"{narrowed}ct status dnat udp dport {gateway.dns} accept",
        f"{narrowed}tcp dport {ports(gateway.own)} accept",
        f"{narrowed}tcp dport @services_tcp accept",
        f"{narrowed}udp dport @services_udp accept",
    ]


def replies() -> list[str]:
    """Answers to connections opened from the other side, and what ICMP has to say of those."""
    return [
        "ct direction reply ct state established accept",
        "meta l4proto { icmp, ipv6-icmp } ct state related accept",
    ]


def refusal(gateway: Gateway) -> list[str]:
    """Refused rather than dropped: a program fails in milliseconds instead of waiting for minutes."""
    return [*counted(gateway), "meta l4proto tcp reject with tcp reset", "reject with icmpx admin-prohibited"]


def counted(gateway: Gateway) -> list[str]:
    log = [] if gateway.log_group is None else [LOGGED.format(gateway.log_group)]
    return [
        "meta l4proto tcp counter name refused_tcp",
        "meta l4proto udp counter name refused_udp",
        "meta l4proto { icmp, ipv6-icmp } counter name refused_icmp",
        "meta l4proto != { tcp, udp, icmp, ipv6-icmp } counter name refused_other",
        *log,
    ]


def hooked(name: str, kind: str, hook: str, priority: int, rules: Sequence[str], policy: str = "accept") -> list[str]:
    return chain(name, [f"type {kind} hook {hook} priority {priority}; policy {policy};", *rules])


def chain(name: str, rules: Sequence[str]) -> list[str]:
    return [f"chain {name} {{", *indented(rules), "}"]


def indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def ports(ports: Iterable[int]) -> str:
    return "{ " + ", ".join(str(port) for port in sorted(set(ports))) + " }"
