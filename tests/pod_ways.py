"""Ways between the pods of a cluster and out of it, and which of them are open: the destinations decide."""

import contextlib
import selectors
import socket
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

from pod_network import CLUSTER_DNS, DASHBOARD, PodNetwork
from small_internet_world import Packet, inside

SERVICE = "10.96.0.53"


@dataclass(frozen=True)
class Way:
    """From a pod to an address and a port. `outside`: the address is the world's."""

    pod: str
    host: str
    port: int
    kind: str = "tcp"
    outside: bool = False


WAYS = {
    "shop to the world": Way("shop", "1.1.1.1", 443, outside=True),
    "shop to the world by IPv6": Way("shop", "2606:4700:4700::1111", 443, outside=True),
    "shop to a foreign resolver": Way("shop", "9.9.9.9", 53, "udp", outside=True),
    "shop to a UDP port": Way("shop", "1.1.1.1", 9999, "udp", outside=True),
    "shop to metadata": Way("shop", "169.254.169.254", 80, outside=True),
    "shop to the cluster's DNS": Way("shop", CLUSTER_DNS, 53),
    "shop to a stranger": Way("shop", "10.244.4.2", 80),
    "shop to its database": Way("shop", "10.244.3.2", 5432),
    "shop to Soundstage": Way("shop", SERVICE, 443),
    "shop to the dashboard": Way("shop", DASHBOARD, 8025),
    "database to the world": Way("database", "1.1.1.1", 443, outside=True),
    "stranger to Soundstage": Way("other", SERVICE, 443),
    "stranger to the dashboard": Way("other", DASHBOARD, 8025),
    "stranger to the world": Way("other", "1.1.1.1", 443, outside=True),
    "gateway to the cluster's DNS": Way("gateway", CLUSTER_DNS, 53),
    "gateway to public HTTPS": Way("gateway", "1.1.1.1", 443, outside=True),
    "gateway to a resolver": Way("gateway", "9.9.9.9", 53, outside=True),
    "gateway to public SSH": Way("gateway", "1.1.1.1", 22, outside=True),
    "gateway to metadata": Way("gateway", "169.254.169.254", 443, outside=True),
    "gateway to a stranger": Way("gateway", "10.244.4.2", 443),
}
"""The world answers on these ports; pods listen where `listening` says."""
LISTENING = (("database", 5432), ("other", 80), ("other", 443))


@contextlib.contextmanager
def listening(net: PodNetwork) -> Iterator[None]:
    """The database and the stranger, as far as a connection needs one."""
    with contextlib.ExitStack() as open_ones:
        for pod, port in LISTENING:
            made = inside(net.place(pod), partial(socket.create_server, ("0.0.0.0", port)))
            open_ones.enter_context(made)
        yield


def open_ways(net: PodNetwork, expected: Collection[str]) -> set[str]:
    """The names of those that are open: something arrived in the world, or a connection came about.

    Waits for what is expected, a minute at most, and a moment for what is not.
    """
    net.world.reset()
    found: set[str] = set()
    with contextlib.ExitStack() as open_ones, selectors.DefaultSelector() as waiting:
        for name, way in WAYS.items():
            sock = open_ones.enter_context(inside(net.place(way.pod), partial(_begun, way)))
            if way.kind == "tcp":
                waiting.register(sock, selectors.EVENT_WRITE, name)
        deadline, moment = time.monotonic() + 60, None
        while waiting.get_map() and time.monotonic() < (moment or deadline):
            for key, _ in waiting.select(0.05):
                waiting.unregister(key.fileobj)
                assert isinstance(key.fileobj, socket.socket)
                if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    found.add(key.data)
            if moment is None and found >= {one for one in expected if WAYS[one].kind == "tcp"}:
                moment = time.monotonic() + 0.2
        return found | {name for name, way in WAYS.items() if _arrived(net, way, net.world.packets())}


def _begun(way: Way) -> socket.socket:
    family = socket.AF_INET6 if ":" in way.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if way.kind == "tcp" else socket.SOCK_DGRAM)
    sock.setblocking(False)
    if way.kind == "tcp":
        sock.connect_ex((way.host, way.port))
    else:
        sock.sendto(b"x", (way.host, way.port))
    return sock


def _arrived(net: PodNetwork, way: Way, packets: list[Packet]) -> bool:
    pod = net.pods[way.pod]
    return way.outside and any(
        (one.source, one.target, one.port, one.protocol) == (source, way.host, way.port, way.kind)
        for one in packets
        for source in (pod.v4, pod.v6)
    )
