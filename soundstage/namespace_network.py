"""The network inside a contained run: every address is local, every TCP port and DNS leads to Soundstage's sockets.

Run inside, with the powers over that network alone. `ip` and `nft` do the work.
"""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

from soundstage.run_order import Place

CATCH_ALL = 64_999
"""The port that every other TCP port is redirected to. In a network of our own it is always free."""
DNS = 53
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
COUNTERS = ("udp", "icmp", "other")
"""What is refused and counted."""


class CannotBe(Exception):
    """The namespace cannot be made: a whole sentence."""


class Restricted(CannotBe):
    """The machine does not give namespaces to whoever asks; nothing that is installed would change that."""


def raise_network() -> None:
    """Loopback up, and a route that makes every address local. Raises CannotBe."""
    _tool("iproute2", ["ip", "link", "set", "lo", "up"])
    _tool("iproute2", ["ip", "route", "add", "local", "default", "dev", "lo", "src", "127.0.0.1"])
    if _has_ipv6():
        _tool("iproute2", ["ip", "-6", "route", "add", "local", "default", "dev", "lo", "src", "::1"])


def catching_sockets() -> dict[str, socket.socket]:
    """The sockets the redirection leads to, by the names that `adoption_socket` knows."""
    families = {"4": socket.AF_INET} | ({"6": socket.AF_INET6} if _has_ipv6() else {})
    made = {}
    for digit, family in families.items():
        made[f"tcp{digit}"] = listening(family, LOOPBACK[family], CATCH_ALL)
        made[f"dns-tcp{digit}"] = listening(family, LOOPBACK[family], DNS)
        made[f"dns-udp{digit}"] = _bound(socket.socket(family, socket.SOCK_DGRAM), LOOPBACK[family], DNS)
    return made


def listening(family: int, host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises CannotBe."""
    made = _bound(socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP), host, port)
    made.listen(1024)
    return made


def at(place: Place) -> socket.socket:
    """A listening socket at an address that the run's variables name; inside, every address is ours."""
    return listening(socket.AF_INET6 if ":" in place.host else socket.AF_INET, place.host, place.port)


def redirect(places: list[Place]) -> None:
    """Put the rules in force; connections to `places` and to loopback stay as they are. Raises CannotBe."""
    _tool("nftables", ["nft", "-f", "-"], rules(places))


def rules(places: list[Place]) -> str:
    """The nftables rules (nft(8)). `reject` for what is refused: programs fail at once instead of waiting."""
    kept = "\n".join(f"  {_family(place)} daddr {place.host} tcp dport {place.port} accept" for place in places)
    counters = "\n".join(f" counter refused_{name} {{}}" for name in COUNTERS)
    return f"""
table inet soundstage {{
{counters}
 chain redirected {{
  type nat hook output priority -100; policy accept;
  ip daddr 127.0.0.0/8 accept
  ip6 daddr ::1 accept
{kept}
  tcp dport {DNS} redirect to :{DNS}
  udp dport {DNS} redirect to :{DNS}
  meta l4proto tcp redirect to :{CATCH_ALL}
 }}
 chain refused {{
  type filter hook output priority 0; policy drop;
  meta l4proto tcp accept
  ct direction reply accept
  ip daddr 127.0.0.0/8 accept
  ip6 daddr ::1 accept
  meta l4proto udp counter name refused_udp reject
  meta l4proto {{ icmp, ipv6-icmp }} counter name refused_icmp reject
  counter name refused_other reject
 }}
}}
"""


def refused() -> dict[str, int]:
    """Packets refused so far, by kind."""
    told = json.loads(_tool("nftables", ["nft", "-j", "list", "counters", "table", "inet", "soundstage"]))
    found: list[dict[str, Any]] = [entry["counter"] for entry in told["nftables"] if "counter" in entry]
    return {str(counter["name"]).removeprefix("refused_"): int(counter["packets"]) for counter in found}


def _family(place: Place) -> str:
    return "ip6" if ":" in place.host else "ip"


def _has_ipv6() -> bool:
    return Path("/proc/net/if_inet6").exists()


def _bound(made: socket.socket, host: str, port: int) -> socket.socket:
    try:
        made.bind((host, port))
    except OSError as trouble:
        made.close()
        raise CannotBe(f"{host}:{port} cannot be listened on inside: {trouble.strerror}") from None
    return made


def _tool(package: str, command: list[str], given: str = "") -> str:
    # Ordinary users' PATH has no sbin.
    found = shutil.which(command[0], path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]))
    if found is None:
        raise CannotBe(f"the program {command[0]} is missing; install the package {package}")
    try:
        done = subprocess.run([found, *command[1:]], input=given, capture_output=True, text=True, check=True)  # noqa: S603 - no shell
    except subprocess.CalledProcessError as failed:
        said = " ".join((failed.stderr or failed.stdout).split())
        raise CannotBe(f"`{' '.join(command)}` failed: {said}") from None
    return done.stdout
