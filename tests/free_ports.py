"""Ports that nobody else on this machine is given: of those that are for the asking, another process may be faster."""

import itertools
import os
import random
import socket
from pathlib import Path

HERE = "127.0.0.1"
LOWEST = 10_000
SHARES = 8
"""Of what there is, one a worker of pytest-xdist, and the last without: two of them never mean the same port."""
_given: set[int] = set()


def free_ports(number: int) -> list[int]:
    """As many that nobody listens on, below those that the kernel gives whoever names none; others each time."""
    share = [port for port in _share() if port not in _given]
    random.SystemRandom().shuffle(share)
    free = list(itertools.islice(filter(_is_free, share), number))
    if len(free) < number:  # by now those of the first are nobody's any more
        _given.clear()
        return free_ports(number)
    _given.update(free)
    return free


def nobody(kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """A socket whose port refuses whoever comes for as long as it is open: it is nobody else's meanwhile."""
    made = socket.socket(socket.AF_INET, kind)
    made.bind((HERE, 0))
    if kind == socket.SOCK_DGRAM:
        made.connect((HERE, 9))  # what others send is not for it then
    return made


def _is_free(port: int) -> bool:
    with socket.socket() as asking:
        try:
            asking.bind((HERE, port))
        except OSError:
            return False
    return True


def _share() -> range:
    highest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    own = int(worker.removeprefix("gw")) % (SHARES - 1) if worker else SHARES - 1
    size = (highest - LOWEST) // SHARES
    return range(LOWEST + own * size, LOWEST + (own + 1) * size)
