"""The kernel's side of `soundstage contain`: the table as `nft` applies, lists and removes it."""

import json
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from soundstage.contain_pieces import COUNTERS
from soundstage.contain_rules import TABLE
from soundstage.trouble import ConfigError

SECONDS = 30
"""A ruleset is applied in milliseconds; whatever holds `nft` longer is no answer."""
LIST = ["nft", "--stateless", "--numeric", "list", "table", *TABLE.split()]
INTERFACES = Path("/sys/class/net")


def apply(ruleset: str) -> None:
    """All of it or nothing. ConfigError where the kernel takes it not."""
    _done(_nft(["nft", "--file", "-"], ruleset), "the rules cannot be put in force")


def remove() -> bool:
    """Whether there was something to remove."""
    if listing() is None:
        return False
    _done(_nft(["nft", "delete", "table", *TABLE.split()]), "the rules cannot be removed")
    return True


def listing() -> str | None:
    """The table in force as `nft` writes it, without counts; None: there is none."""
    said = _nft(LIST)
    return None if _absent(said) else _done(said, "the rules cannot be listed")


def would_list(ruleset: str) -> str:
    """How the kernel would list a ruleset: asked of a network namespace of its own, which nothing passes."""
    alone = ["unshare", "--net", "sh", "-c", f"nft --file - && {' '.join(LIST)}"]
    return _done(_nft(alone, ruleset), "what the rules should be cannot be compared with what is in force")


def table() -> list[dict[str, Any]] | None:
    """The table in force as JSON objects; None: there is none."""
    said = _nft(["nft", "--json", "--numeric", "list", "table", *TABLE.split()])
    if _absent(said):
        return None
    told = json.loads(_done(said, "the rules cannot be listed"))["nftables"]
    return [dict(one) for one in told]


def counters(listed: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Packets refused since the rules came into force, by `tcp`, `udp`, `icmp`, `other`."""
    found = {one["counter"]["name"]: int(one["counter"]["packets"]) for one in listed if "counter" in one}
    return {name.removeprefix("refused_"): found.get(name, 0) for name in COUNTERS}


def trouble_with(interface: str) -> str | None:
    """Why a rule about this interface would hold nothing, as a sentence."""
    if interface not in (name for _, name in socket.if_nameindex()):
        return f"There is no interface {interface}: nothing is contained by it until there is."
    if (INTERFACES / interface / "brport").exists():
        bridge = (INTERFACES / interface / "master").resolve().name
        return f"The interface {interface} is a port of the bridge {bridge}, whose packets come in by {bridge}."
    return None


def _nft(words: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, input=given, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603 - our own words
    except FileNotFoundError:
        raise ConfigError(
            f"{words[0]} is not installed, and the rules are its",
            "install it: apt install nftables util-linux, or the packages nftables and util-linux of your system",
        ) from None
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{words[0]} did not end within {SECONDS} seconds") from None


def _absent(said: subprocess.CompletedProcess[str]) -> bool:
    return said.returncode != 0 and "No such file or directory" in said.stderr


def _done(said: subprocess.CompletedProcess[str], what: str) -> str:
    if said.returncode == 0:
        return said.stdout
    words = " ".join(said.stderr.split())
    if "Operation not permitted" in words:
        raise ConfigError(f"{what}: the packet filter is root's to change and to see", "run it with sudo")
    raise ConfigError(f"{what}: {words[:400] or f'exit code {said.returncode}'}")
