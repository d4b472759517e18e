"""Binding: an address of the settings as a socket, and how a client's address is written. Serving is the listener's."""

import ipaddress
import socket

WILDCARD = "::"


def bound_socket(bind: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """A bound socket that does not block. `::` is every address of both families. Raises OSError.

    RFC 3493, section 5.3: whether `::` takes IPv4 as well is the machine's choice, unless the socket says so.
    """
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    # Without its protocol asyncio does not see that it is TCP and leaves Nagle's algorithm on: 48 ms an answer.
    protocol = socket.IPPROTO_TCP if kind == socket.SOCK_STREAM else socket.IPPROTO_UDP
    sock = socket.socket(family, kind, protocol)
    try:
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bind != WILDCARD))
        sock.bind((bind, port))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def written(host: str) -> str:
    """A client's address: of IPv4 as such, where it came to a socket of both families, and without a link's name."""
    if host.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        host = str(mapped) if mapped is not None else host
    return host.partition("%")[0]
