"""Connecting, as the doctor does it: it tells an error of this machine's own from one that came over the network."""

import errno
import select
import socket
import time
from dataclasses import dataclass, replace

from soundstage.doctor_attempt import Outcome
from soundstage.doctor_errors import Near, keep_errors, said, turned_away

BIND_TO_DEVICE = getattr(socket, "SO_BINDTODEVICE", 25)
KEPT = (
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EPERM,
    errno.EACCES,
    errno.EADDRNOTAVAIL,
    errno.EAFNOSUPPORT,
    errno.EINVAL,
    errno.ENODEV,
)
"""Said at once these are the routing table's or the packet filter's words, here. Said later, somebody else's."""


@dataclass(slots=True)
class Stopped(Exception):
    """There is no connection, and what was met says why."""

    outcome: Outcome


class Patience:
    """How long one attempt waits, from when it first sends: a resolver that takes its time is none of its own."""

    def __init__(self, seconds: float, near: Near = lambda _: False) -> None:
        """`near`: what it takes to tell who turned a packet away."""
        self._seconds = seconds
        self.near = near
        self.begin()

    def begin(self) -> None:
        """From now on."""
        self._until = time.monotonic() + self._seconds

    @property
    def left(self) -> float:
        """Seconds; a little is always left, for what has arrived already."""
        return max(0.05, self._until - time.monotonic())


def family_of(address: str) -> socket.AddressFamily:
    """Of an address, not a name."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def place(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """As the socket module wants it; the link's name of a link-local address becomes its number."""
    bare, _, device = address.partition("%")
    if not device:
        return (address, port) if family_of(address) == socket.AF_INET else (address, port, 0, 0)
    try:
        return bare, port, 0, socket.if_nametoindex(device)
    except OSError as trouble:
        raise Stopped(Outcome("kept", f"there is no interface {device}: {trouble.strerror}", "here")) from None


def resolved(host: str, port: int) -> str:
    """The address of an address or a name, as the system resolves. Raises Stopped."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as trouble:
        raise Stopped(Outcome("unresolved", f"{host}: {trouble}", "here")) from None
    address = str(found[0][4][0])
    return f"{address}%{host.partition('%')[2]}" if "%" in host and "%" not in address else address


def connected(address: str, port: int, patience: Patience, device: str = "") -> socket.socket:
    """A connection. Raises Stopped with what was met instead."""
    patience.begin()
    try:
        sock = socket.socket(family_of(address), socket.SOCK_STREAM)
    except OSError as trouble:
        raise Stopped(Outcome("kept", said(trouble.errno or 0), "here")) from None
    try:
        _bind(sock, device)
        _connect(sock, place(address, port), patience)
    except Stopped as met:
        sock.close()
        raise Stopped(replace(met.outcome, address=address)) from None
    except BaseException:
        sock.close()
        raise
    sock.settimeout(patience.left)
    return sock


def _bind(sock: socket.socket, device: str) -> None:
    if not device:
        return
    try:
        sock.setsockopt(socket.SOL_SOCKET, BIND_TO_DEVICE, device.encode() + b"\0")
    except OSError as trouble:
        message = f"{device} may not be chosen: {said(trouble.errno or 0)}"
        raise Stopped(Outcome("kept", message, "here")) from None


def _connect(sock: socket.socket, where: tuple[str, int] | tuple[str, int, int, int], patience: Patience) -> None:
    keep_errors(sock)
    sock.setblocking(False)
    number = sock.connect_ex(where)
    if number in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        waiting = select.poll()
        waiting.register(sock, select.POLLOUT)
        if not waiting.poll(patience.left * 1000):
            raise Stopped(Outcome("silent"))
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise Stopped(turned_away(sock, patience.near) or _unsigned(number))
    elif number in KEPT:
        raise Stopped(Outcome("kept", said(number), "here"))
    elif number:
        raise Stopped(turned_away(sock, patience.near) or _unsigned(number))


def _unsigned(number: int) -> Outcome:
    """A reset says nothing of who sent it."""
    return Outcome("silent" if number == errno.ETIMEDOUT else "turned_away", said(number))
