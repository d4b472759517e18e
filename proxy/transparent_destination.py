"""Where a redirected connection was meant to go: what the kernel's connection tracking remembers of it."""

import contextlib
import ipaddress
import socket
import struct

Place = tuple[str, int]
SOL_IPV6 = 41
SO_ORIGINAL_DST = 80
"""Of both families (linux/netfilter_ipv4.h, netfilter_ipv6/ip6_tables.h): a `sockaddr` of the family comes back."""
_V4_SIZE, _V6_SIZE = 16, 28
_RESET = struct.pack("ii", 1, 0)


def original_destination(sock: socket.socket) -> Place | None:
    """Address and port the client connected to, before a redirect. None: nothing is tracked, so nothing redirected it.

    A tracked connection that came straight here has our own address. Linux alone knows; elsewhere it is None.
    """
    try:
        if sock.family == socket.AF_INET6 and not own_place(sock)[0].count("."):
            return _v6(sock.getsockopt(SOL_IPV6, SO_ORIGINAL_DST, _V6_SIZE))
        return _v4(sock.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, _V4_SIZE))
    except OSError:
        return None


def own_place(sock: socket.socket) -> Place:
    """The address and port the socket has here, an IPv4 one as such; of no address (a socket pair), nothing."""
    name = sock.getsockname()
    if not isinstance(name, tuple):
        return "", 0
    return plain_address(name[0]), name[1]


def plain_address(text: str) -> str:
    """As decisions spell it: without a zone, and an IPv4 address within IPv6 as the IPv4 address it is."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def shown(host: str, port: int) -> str:
    """`api.example.com:443`, `[2001:db8::1]:443`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reset_at_close(sock: socket.socket) -> None:
    """Have the connection end in a reset (SO_LINGER of nought seconds), not in the orderly end of an empty answer."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _v4(answer: bytes) -> Place:
    return str(ipaddress.IPv4Address(answer[4:8])), int.from_bytes(answer[2:4])


def _v6(answer: bytes) -> Place:
    return plain_address(str(ipaddress.IPv6Address(answer[8:24]))), int.from_bytes(answer[2:4])
