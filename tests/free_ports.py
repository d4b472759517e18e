"""Ports that nobody else on this machine is given: of those that are for the asking, another process may be faster."""

import random
import socket
from pathlib import Path

HERE = "127.0.0.1"
LOWEST = 10_000


def free_ports(number: int) -> list[int]:
    """As many that nobody listens on, below those that the kernel gives whoever names none."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    drawn = random.SystemRandom().sample(range(LOWEST, first), number * 2 + 20)
    return [port for port in drawn if _is_free(port)][:number]


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
