"""Plays attempts wherever it runs, many at once, and prints what each met as JSON. Standard library of 3.11 alone.

`battery_probe.py FILE` with a list of attempts as `battery_attempt.Attempt` has them. A road leads to the destination:
`direct`, `proxy HOST PORT` (CONNECT), `plain HOST PORT` (a listener as it is), `socks HOST PORT`.
"""

import json
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

AT_ONCE = 64
KEPT = 400
FREE_BIND = {socket.AF_INET: (socket.IPPROTO_IP, 15), socket.AF_INET6: (socket.IPPROTO_IPV6, 78)}
"""IP_FREEBIND and IPV6_FREEBIND of linux/in.h and in6.h: an address need not be an interface's."""
Attempt = dict[str, Any]


def play(attempt: Attempt) -> str:
    """What came back, or the name of what was raised."""
    try:
        return KINDS[attempt["kind"]](attempt)
    except (OSError, ValueError) as held:
        return f"{type(held).__name__}: {held}"


def stream(attempt: Attempt) -> str:
    """Connect by the road, say each thing and hear what is said to it."""
    heard = b""
    with reached(attempt) as plain, secured(plain, attempt) as there:
        for said in attempt["say"]:
            if said != "":  # to say nothing first is to wait for the server
                there.sendall(said.encode("latin-1"))
            heard += hear(there, whole=attempt["whole"])
        return repr(heard[:KEPT])


def http2(attempt: Attempt) -> str:
    """Each of `requests` as a stream of one HTTP/2 connection (RFC 9113), fields as literals (RFC 7541, 6.2.2)."""
    octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
    for number, (method, scheme, authority, path) in enumerate(attempt["requests"]):
        pairs = {":method": method, ":scheme": scheme, ":authority": authority, ":path": path}
        fields = b"".join(literal(name) + literal(value) for name, value in pairs.items())
        octets += frame(1, 5, number * 2 + 1, fields)
    with reached(attempt) as plain, secured(plain, attempt) as there:
        there.sendall(octets)
        heard, until = b"", time.monotonic() + attempt["patience"]
        while ended(heard) < len(attempt["requests"]) and time.monotonic() < until and (more := there.recv(65536)):
            heard += more
        return repr(heard[:KEPT])


def literal(text: str) -> bytes:
    octets = text.encode()
    assert len(octets) < 127
    return (b"\0" if text.startswith(":") else b"") + bytes([len(octets)]) + octets


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def ended(heard: bytes) -> int:
    """How many streams are over; all of them after a GOAWAY."""
    over, at = 0, 0
    while len(heard) >= at + 9:
        size, kind, flags = int.from_bytes(heard[at : at + 3], "big"), heard[at + 3], heard[at + 4]
        at += 9 + size
        if len(heard) < at:
            break
        if kind == 7:
            return 1_000_000
        over += kind == 3 or (kind in (0, 1) and flags & 1)
    return over


def datagram(attempt: Attempt) -> str:
    """Send, and wait for an answer or a refusal."""
    host, port = attempt["to"]
    with socket.socket(family(host), socket.SOCK_DGRAM) as there:
        there.settimeout(attempt["patience"])
        bound(there, attempt["source"])
        there.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        there.connect((host, port))
        there.send(attempt["say"][0].encode("latin-1"))
        return f"answered {there.recv(4096)[:KEPT]!r}"


def frames(attempt: Attempt) -> str:
    """As they are, on the link: `say` are whole frames from the destination's address on. Root alone."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as there:
        there.bind((attempt["to"][0], 0))
        for octets in attempt["say"]:
            there.send(octets.encode("latin-1"))
    return "sent"


def reached(attempt: Attempt) -> socket.socket:
    """A connection on which the destination's protocol may begin."""
    (road, *place), (host, port) = attempt["road"], attempt["to"]
    there = connected(place or [host, port], attempt)
    if road == "proxy":
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        there.sendall(f"CONNECT {shown} HTTP/1.1\r\nHost: {shown}\r\n\r\n".encode("latin-1", "replace"))
        told = head(there)
        if not told.startswith(b"HTTP/1.1 200"):
            raise ConnectionRefusedError(told)
    elif road == "socks":
        socks(there, host, port, attempt["command"])
    return there


def connected(place: list[Any], attempt: Attempt) -> socket.socket:
    """From the attempt's source, by its IP version."""
    kind = socket.AF_INET6 if attempt["six"] else socket.AF_INET
    found = socket.getaddrinfo(place[0], place[1], kind, socket.SOCK_STREAM)
    there = bound(socket.socket(kind, socket.SOCK_STREAM), attempt["source"])
    try:
        there.settimeout(attempt["patience"])
        there.connect(found[0][4])
        there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        there.close()
        raise
    return there


def bound(there: socket.socket, source: str) -> socket.socket:
    """To a source, which need not be an address of an interface. Empty: to whichever the kernel likes."""
    if not source:
        return there
    level, option = FREE_BIND[there.family]
    there.setsockopt(level, option, 1)
    there.bind((source, 0))
    return there


def socks(there: socket.socket, host: str, port: int, command: int) -> None:
    """SOCKS5 (RFC 1928) without a password: the destination's name is the proxy's matter, an address stays one."""
    there.sendall(b"\x05\x01\0")
    there.recv(2)
    try:
        kind = family(host)
        named = (b"\x04" if kind == socket.AF_INET6 else b"\x01") + socket.inet_pton(kind, host)
    except OSError:
        named = b"\x03" + bytes([len(host.encode())]) + host.encode()
    there.sendall(b"\x05" + bytes([command]) + b"\0" + named + struct.pack("!H", port))
    told = exactly(there, 4)
    exactly(there, 18 if told[3] == 4 else 6)  # and no more: a mail server's greeting may be there already
    if told[1] != 0:
        raise ConnectionRefusedError(told)


def head(there: socket.socket) -> bytes:
    """A head of HTTP, and no more: a mail server's greeting may be there already."""
    heard = b""
    while not heard.endswith(b"\r\n\r\n"):
        heard += exactly(there, 1)
    return heard


def exactly(there: socket.socket, size: int) -> bytes:
    heard = b""
    while len(heard) < size:
        more = there.recv(size - len(heard))
        if not more:
            raise ConnectionResetError("the end came early")
        heard += more
    return heard


CONTEXTS: dict[str, ssl.SSLContext] = {}
MAKING = threading.Lock()


def secured(there: socket.socket, attempt: Attempt) -> socket.socket:
    """TLS, where the attempt has it. One that `pins` trusts nobody."""
    tls = attempt["tls"]
    if tls is None:
        return there
    with MAKING:
        context = CONTEXTS.get(json.dumps([tls["alpn"], tls["pins"]]))
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_REQUIRED if tls["pins"] else ssl.CERT_NONE
            if tls["alpn"]:
                context.set_alpn_protocols(tls["alpn"])
            CONTEXTS[json.dumps([tls["alpn"], tls["pins"]])] = context
    return context.wrap_socket(there, server_hostname=tls["sni"] or None)


def hear(there: socket.socket, *, whole: bool = False) -> bytes:
    """A line or a head that was said; with `whole`, until the end or until nobody says more."""
    heard = b""
    try:
        while more := there.recv(65536):
            heard += more
            if not whole and (b"\r\n\r\n" in heard or (heard[:1].isdigit() and heard.endswith(b"\r\n"))):
                break
    except OSError as held:
        if not heard:
            raise
        return heard + f" {type(held).__name__}".encode()
    return heard


def family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


KINDS: dict[str, Callable[[Attempt], str]] = {each.__name__: each for each in (stream, http2, datagram, frames)}


def main(attempts: list[Attempt]) -> dict[str, str]:
    """All of them, so many at once."""
    with ThreadPoolExecutor(AT_ONCE) as players:
        return dict(zip((one["id"] for one in attempts), players.map(play, attempts), strict=True))


if __name__ == "__main__":
    with open(sys.argv[1]) as file:  # noqa: PTH123 - no more imports than needed: this starts often
        json.dump(main(json.load(file)), sys.stdout)
