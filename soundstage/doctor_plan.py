"""What `soundstage doctor` tries: the list of attempts, made of targets and of what there is around. Sends nothing."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from soundstage.doctor_attempt import Attempt, Way
from soundstage.doctor_network import Surroundings

TARGETS = ("1.1.1.1", "2606:4700:4700::1111")
"""Public addresses that answer on 53, 80, 443, 853 and to pings, so that a way out shows."""
EXCHANGER = "gmail-smtp-in.l.google.com"
MOST_TARGETS = 8
TCP_PORTS = (80, 443, 22, 5432, 9999)
UDP_PORTS = (443, 123, 9999)
SMTP_PORTS = (25, 465, 587)
METADATA = ("169.254.169.254", "fd00:ec2::254", "168.63.129.16", "192.0.0.192", "100.100.100.200")
"""AWS, Azure and others; AWS over IPv6; Azure's agent; Oracle; Alibaba."""
HOST_PORTS = (22, 80, 443, 2375, 2376, 3306, 5000, 5432, 6379, 9000, 9090, 9100, 9200, 10250, 11211, 27017)
"""What machines around usually serve: shells, engines, databases, metrics, kubelets."""
BRIDGES = ("172.17.0.1", "host.docker.internal", "host.containers.internal", "gateway.docker.internal")
BRIDGE_PORTS = (22, 80, 2375)
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
MOST_DEVICES, MOST_RESOLVERS = 8, 3


def plan(
    surroundings: Surroundings, environ: Mapping[str, str], targets: Sequence[str], nonce: str
) -> tuple[Attempt, ...]:
    """`targets` in place of the usual addresses, where there are any; `nonce`: of this examination alone."""
    numbers = itertools.count(1)

    def attempt(way: Way, host: str, port: int, device: str = "", credentials: str = "") -> Attempt:
        return Attempt(way, host, port, f"{nonce}x{next(numbers)}", device, credentials)

    asked = list(_ways(surroundings, targets))
    made = [attempt(*one) for one in dict.fromkeys(asked)]
    proxies = [attempt("proxy", url, 0, "", secret) for url, secret in proxies_of(environ).items()]
    return (*made, *proxies)


def _ways(surroundings: Surroundings, targets: Sequence[str]) -> Iterator[tuple[Way, str, int, str]]:
    for target in targets or TARGETS:
        yield from _to(target)
        for device in surroundings.other_devices[:MOST_DEVICES]:
            yield from (("device", target, port, device) for port in (80, 443))
    for exchanger in targets or (EXCHANGER,):
        yield from (("smtp", exchanger, port, "") for port in SMTP_PORTS)
    yield from (("name", "", port, "") for port in (80, 9999))
    yield "https", "", 443, ""
    yield from (("dns", server, 53, "") for server in surroundings.nameservers[:MOST_RESOLVERS])
    yield from (("metadata", address, 80, "") for address in METADATA)
    yield from (("host", one, port, "") for one in surroundings.gateways for port in HOST_PORTS)
    yield from (("host", one, port, "") for one in BRIDGES for port in BRIDGE_PORTS)
    for route in [one for one in surroundings.other_ways if one.gateway][:MOST_DEVICES]:
        yield "device", route.gateway, 80, route.device


def _to(target: str) -> Iterable[tuple[Way, str, int, str]]:
    yield from (("tcp", target, port, "") for port in TCP_PORTS)
    yield from (("udp", target, port, "") for port in UDP_PORTS)
    yield "tls", target, 443, ""
    yield "tls", target, 8443, ""
    yield "doh", target, 443, ""
    yield "dot", target, 853, ""
    yield "dns", target, 53, ""
    yield "dns-tcp", target, 53, ""
    yield "icmp", target, 0, ""


def proxies_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The HTTP proxies that variables name, as `http://host:port`, with their credentials."""
    found: dict[str, str] = {}
    for name in PROXY_VARIABLES:
        for value in (environ.get(name), environ.get(name.lower())):
            read = _read(value or "")
            if read is not None and read.hostname and read.scheme == "http":
                host = f"[{read.hostname}]" if ":" in read.hostname else read.hostname
                secret = f"{read.username}:{read.password or ''}" if read.username else ""
                found.setdefault(f"http://{host}:{_port(read.netloc)}", secret)
    return found


def _read(value: str) -> SplitResult | None:
    try:
        return urlsplit(value if "://" in value else f"http://{value}")
    except ValueError:  # a bracket too many: no program makes a proxy of it
        return None


def _port(netloc: str) -> int:
    text = netloc.rpartition("@")[2].rpartition("]")[2].rpartition(":")[2]
    return int(text) if text.isdecimal() and 0 < int(text) < 65536 else 80
