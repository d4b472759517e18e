"""`soundstage wireguard peer`: machines elsewhere whose tunnels end in the gateway, and their configurations."""

import argparse
import asyncio
import ipaddress
import json
import os
import re
from typing import Any

from dashboard.gateway_link import GatewayUnreachable
from ledger.trouble import LedgerUnavailable
from proxy.wireguard_keys import public_key
from soundstage import addresses
from soundstage.addresses import shown
from soundstage.console import warn
from soundstage.control_client import ControlClient
from soundstage.options import given
from soundstage.settings import Settings
from soundstage.settings_source import read_settings
from soundstage.table import table
from soundstage.told_to_operator import told_to_operator
from soundstage.trouble import ConfigError, Unanswered
from soundstage.wireguard_peers import RESOLVER, Peer, PeerBook

USUAL_PORT = 51820
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]*", re.ASCII)
CONFIGURATION = """\
# Soundstage, for {name}. The private key is shown this once and kept nowhere.
[Interface]
PrivateKey = {private}
Address = {address}/32, {address6}/128
DNS = {resolver}
MTU = 1420

[Peer]
PublicKey = {server}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = {endpoint}
PersistentKeepalive = 25"""


def added(arguments: argparse.Namespace) -> int:
    """Print what wg-quick takes. Raises ConfigError."""
    settings = _settings(arguments)
    endpoint = _endpoint(settings, arguments.endpoint)
    book = PeerBook(settings.data_dir)
    with told_to_operator(LedgerUnavailable):
        peer, private = book.add(arguments.name)
        server = public_key(book.server_key())
    address, address6 = peer.addresses
    words = {"address": address, "address6": address6, "resolver": RESOLVER, "server": server, "endpoint": endpoint}
    text = CONFIGURATION.format(name=peer.name, private=private, **words)
    in_force = _put_in_force(settings)
    told = {**_shown(peer), "private_key": private, "configuration": text, "in_force": in_force}
    print(json.dumps(told, indent=1) if arguments.json else text)
    if ipaddress.ip_address(settings.bind).is_loopback:
        warn(f"SOUNDSTAGE_BIND={settings.bind}: no other machine reaches the gateway there")
    return 0


def listed(arguments: argparse.Namespace) -> int:
    """The peers of the file. Whether a gateway serves them, `/readyz` knows."""
    peers = PeerBook(_settings(arguments).data_dir).read()
    if arguments.json:
        print(json.dumps([_shown(peer) for peer in peers], indent=1))
        return 0
    heads = ("name", "address", "address6", "added", "public key")
    print(table(heads, [(peer.name, *peer.addresses, peer.added, peer.public_key) for peer in peers]))
    return 0


def removed(arguments: argparse.Namespace) -> int:
    """1 where there was no such peer."""
    settings = _settings(arguments)
    with told_to_operator(LedgerUnavailable):
        there = PeerBook(settings.data_dir).remove(arguments.name)
    in_force = _put_in_force(settings)
    sentence = f"The peer {arguments.name} was removed." if there else f"There is no peer {arguments.name}."
    print(json.dumps({"removed": there, "in_force": in_force}) if arguments.json else sentence)
    return 0 if there else 1


def _settings(arguments: argparse.Namespace) -> Settings:
    return read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))


def _shown(peer: Peer) -> dict[str, Any]:
    """As JSON."""
    named = {"name": peer.name, "public_key": peer.public_key, "added": peer.added}
    return {**named, "addresses": list(peer.addresses)}


def _put_in_force(settings: Settings) -> bool:
    """Whether a running gateway serves the peers as they are now. Raises Unanswered where one runs and cannot."""
    try:
        asyncio.run(ControlClient(settings.data_dir).wireguard())
    except GatewayUnreachable:
        warn("no gateway runs on this data directory: it takes effect when one is started")
        return False
    except ValueError as refused:
        raise Unanswered(f"it is written down, but not in force: {refused}") from None
    return True


def _endpoint(settings: Settings, said: str | None) -> str:
    """Where the machine finds the gateway, as WireGuard writes it."""
    host, port = _split(said or "")
    if host and not _HOST.fullmatch(host):
        raise ConfigError(f"--endpoint {said!r} does not name a host", "write HOST, HOST:PORT or [ADDRESS]:PORT")
    if not host:
        host = settings.bind if not ipaddress.ip_address(settings.bind).is_unspecified else settings.steered_to[0]
    return shown(host, port or _port(settings))


def _split(endpoint: str) -> tuple[str, int]:
    host, colon, port = endpoint.rpartition(":")
    if not colon or endpoint.endswith("]") or (":" in host and not host.startswith("[")):
        return endpoint.strip("[]"), 0
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ConfigError(f"--endpoint {endpoint} does not end in a port", "write HOST, HOST:PORT or [ADDRESS]:PORT")
    return host.strip("[]"), int(port)


def _port(settings: Settings) -> int:
    """The one that is bound, else the one that is set."""
    try:
        bound = addresses.read(settings.data_dir).wireguard
    except Unanswered:
        bound = None
    found = int(bound.rpartition(":")[2]) if bound is not None else settings.wireguard_port
    if not found:
        raise ConfigError(
            "SOUNDSTAGE_WIREGUARD_PORT names no port that a tunnel could lead to",
            f"set it for the gateway and here alike, such as SOUNDSTAGE_WIREGUARD_PORT={USUAL_PORT}, or --endpoint",
        )
    return found
