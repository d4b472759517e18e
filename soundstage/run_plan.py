"""The plan of a contained run: from the run as Soundstage opened it to the order for the process inside."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from soundstage.addresses import Addresses
from soundstage.run_environment import environment_of
from soundstage.run_order import Canary, Order, Place
from soundstage.run_services import Services
from soundstage.run_view import NOTHING_ELSE, Guarded, root_view, view
from soundstage.trouble import ConfigError

RELAY = "relay:"
LISTENERS = ("proxy", "smtp", "smtps")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Plan:
    """What the inner half does, and where the relayed sockets lead."""

    order: Order
    relays: Mapping[str, tuple[str, int]]
    """By a socket's name: host and port outside."""


def plan(
    run: Mapping[str, Any],
    command: tuple[str, ...],
    services: Services,
    data_dir: Path,
    scratch: Path,
    stores: Mapping[Path, Path],
    guarded: Guarded = NOTHING_ELSE,
) -> Plan:
    """`scratch`: a folder of ours, for the files that are put in others' places. Raises ConfigError."""
    environ, folder = dict(os.environ), Path.cwd()
    hidden = view(scratch, data_dir, stores, services.paths, environ, guarded)
    for step in hidden:
        if step.do == "empty" and folder.is_relative_to(step.path):
            raise ConfigError(f"the folder {folder} lies in {step.path}, which a contained command does not see")
    relays = _relays(run, services)
    order = Order(
        command=command,
        environment=environment_of(environ, run["variables"]),
        folder=str(folder),
        places=(*_listeners(run), *_inside(relays)),
        view=(*hidden, *(root_view() if os.geteuid() == 0 else ())),
        canary=canary_of(run),
    )
    return Plan(order, relays)


def canary_of(run: Mapping[str, Any]) -> Canary:
    """Where the run's probes go."""
    proxy, smtp = run["proxy"], run["smtp"]
    return Canary(
        run=run["id"],
        proxy_host=proxy["host"],
        proxy_port=proxy["port"],
        smtp_host=smtp["host"],
        smtp_port=smtp["port"],
        username=proxy["username"],
        password=proxy["password"],
    )


def own_ports(bound: Addresses) -> dict[int, str]:
    """Every port Soundstage listens on, by number, with what listens there."""
    found = {}
    for name, place in bound.model_dump().items():
        port = place and urlsplit(place if "://" in place else f"//{place}").port if name != "ca" else None
        if port:
            found[int(port)] = name
    return found


def _listeners(run: Mapping[str, Any]) -> tuple[Place, ...]:
    """Soundstage's own addresses as the variables name them: inside they lead to the run's own sockets."""
    return tuple(
        Place(name=name, host=run[name]["host"], port=run[name]["port"]) for name in LISTENERS if run.get(name)
    )


def _relays(run: Mapping[str, Any], services: Services) -> dict[str, tuple[str, int]]:
    hosts = ("127.0.0.1", "::1") if Path("/proc/net/if_inet6").exists() else ("127.0.0.1",)
    found = {f"{RELAY}{host}/{port}": ("127.0.0.1", port) for port in services.ports for host in hosts}
    url = urlsplit(run["variables"].get("SOUNDSTAGE_URL", ""))
    if url.hostname:  # the API, for the suite's own questions about its run
        port = url.port or DEFAULT_PORTS[url.scheme]
        found[f"{RELAY}{url.hostname}/{port}"] = (url.hostname, port)
    return found


def _inside(relays: Mapping[str, tuple[str, int]]) -> tuple[Place, ...]:
    """Relayed addresses: the same inside as outside, but for the loopback of the other IP version."""
    hosts = {name: name.removeprefix(RELAY).rpartition("/")[0] for name in relays}
    return tuple(Place(name=name, host=hosts[name], port=place[1]) for name, place in relays.items())
