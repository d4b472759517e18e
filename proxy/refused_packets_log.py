"""The kernel's packet log (NFLOG) and the rules' counters, read by sockets of their own. Linux, CAP_NET_ADMIN."""

import errno
import os
import socket

from proxy import refused_packets_netlink as netlink
from proxy.refused_packets_head import PacketHead, read_head

NETFILTER = 12
"""NETLINK_NETFILTER of linux/netlink.h."""
SNAP_OCTETS = 128
BUFFER_OCTETS = 8 * 1024 * 1024
RECEIVE_FORCED = 33
"""SO_RCVBUFFORCE: beyond the system's limit, as CAP_NET_ADMIN may."""
MESSAGE_OCTETS = 65536
READ_AT_ONCE = 256
"""Messages taken in one turn of the loop, which traffic shares."""
TABLE = "soundstage"
PREFIX = "refused_"
ANSWER_SECONDS = 2.0


class PacketLogClosed(Exception):
    """The kernel does not let this process read the log: the operator must act. A whole phrase."""


class PacketLog:
    """Bound to one log group."""

    def __init__(self, group: int) -> None:
        try:
            self.sock = _netfilter_socket()
            self._bind(group)
        except (OSError, AttributeError) as error:
            raise PacketLogClosed(_why_not(group, error)) from error
        self.sock.setblocking(False)
        self.overflows = 0
        """How often the kernel had more than the buffer held; how much, only the counters know."""

    def take(self) -> list[PacketHead]:
        """What was refused since the last time, at most READ_AT_ONCE messages of it."""
        heads = []
        for _ in range(READ_AT_ONCE):
            try:
                data = self.sock.recv(MESSAGE_OCTETS)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.overflows += 1
                continue
            heads += [head for packet in netlink.packets_in(data) if (head := read_head(packet)) is not None]
        return heads

    def close(self) -> None:
        """Read no more."""
        self.sock.close()

    def _bind(self, group: int) -> None:
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, RECEIVE_FORCED, BUFFER_OCTETS)
            for request in netlink.bind_requests(group, SNAP_OCTETS):
                self.sock.send(request)
                _acknowledged(self.sock.recv(MESSAGE_OCTETS))
        except BaseException:
            self.sock.close()
            raise


def read_counters() -> dict[str, int] | None:
    """Packets refused since the rules came into force, by `tcp`, `udp`, `icmp`, `other`; None: no rules are."""
    found: dict[str, int] = {}
    with _netfilter_socket() as sock:
        sock.send(netlink.counters_request(TABLE))
        while True:
            for kind, body in netlink.messages(sock.recv(MESSAGE_OCTETS)):
                if kind == netlink.DONE:
                    return found or None
                if kind == netlink.ERROR:
                    _no_counters(netlink.error_of(body))
                    return None
                counted = netlink.counter_in(body, TABLE) if kind == netlink.NEW_OBJECT else None
                if counted is not None and counted[0].startswith(PREFIX):
                    found[counted[0].removeprefix(PREFIX)] = counted[1]


def _no_counters(number: int) -> None:
    """That there is no such table is an answer."""
    if number != errno.ENOENT:
        raise OSError(number, os.strerror(number))


def _netfilter_socket() -> socket.socket:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    sock.settimeout(ANSWER_SECONDS)
    return sock


def _acknowledged(data: bytes) -> None:
    for kind, body in netlink.messages(data):
        number = netlink.error_of(body) if kind == netlink.ERROR else 0
        if number:
            raise OSError(number, os.strerror(number))


def _why_not(group: int, error: Exception) -> str:
    why = str(error)
    if isinstance(error, OSError) and error.errno in (errno.EPERM, errno.EACCES, errno.EBUSY):
        # The kernel says EPERM of both.
        why = "it needs CAP_NET_ADMIN, and a group that no other program reads"
    return f"refused packets cannot be read from log group {group}: {why}"
