"""Errors as the kernel keeps them: what went wrong with a packet, and who said so: here, nearby, or further on."""

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Callable

from soundstage.doctor_attempt import By, Outcome
from soundstage.doctor_network import asked_from

RECEIVE_ERRORS = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR, IPV6_RECVERR (ip(7), ipv6(7)): level and option. Of TCP, kernels since 5.19 keep them too."""
ERROR_QUEUE = getattr(socket, "MSG_ERRQUEUE", 0x2000)
ORIGIN_LOCAL = 1
Near = Callable[[str], bool]
"""Whether an address is on a link of this machine's."""


def said(number: int) -> str:
    """An error's name and words: `ECONNREFUSED, Connection refused`."""
    return f"{errno.errorcode.get(number, number)}, {os.strerror(number)}"


def keep_errors(sock: socket.socket) -> None:
    """Have the kernel keep a socket's errors, with their senders."""
    sock.setsockopt(*RECEIVE_ERRORS[sock.family], 1)


def turned_away(sock: socket.socket, near: Near) -> Outcome | None:
    """The first error that waits for a socket, and whose it is."""
    try:
        _, told, _, _ = sock.recvmsg(0, 512, ERROR_QUEUE | socket.MSG_DONTWAIT)
    except OSError:
        return None
    for level, kind, data in told:
        if (level, kind) in RECEIVE_ERRORS.values():
            return read_error(data, near)
    return None


def read_error(data: bytes, near: Near) -> Outcome:
    """`struct sock_extended_err` and the address behind it (ip(7))."""
    number, origin, kind, code = struct.unpack_from("=IBBB", data)
    sender = _sender(data[16:])
    if origin == ORIGIN_LOCAL:
        return Outcome("turned_away", said(number), "here")
    told = f"{said(number)} (ICMP type {kind}, code {code}, of {sender})"
    return Outcome("turned_away", told, _whose(sender, near))


def _whose(sender: str, near: Near) -> By:
    if not sender:
        return "somebody"
    if ipaddress.ip_address(sender).is_loopback or _is_own(sender):
        return "here"
    return "neighbour" if near(sender) else "beyond"


def _is_own(address: str) -> bool:
    """Whether a way there ends on this machine: it would be asked from itself, or from loopback."""
    source = asked_from(address)
    return source is not None and (source == address or ipaddress.ip_address(source).is_loopback)


def _sender(data: bytes) -> str:
    family = struct.unpack_from("=H", data)[0] if len(data) >= 8 else 0
    if family == socket.AF_INET:
        return str(ipaddress.IPv4Address(data[4:8]))
    return str(ipaddress.IPv6Address(data[8:24])) if family == socket.AF_INET6 and len(data) >= 24 else ""
