"""Tries ways out of wherever it runs, all at once, and prints what each met as JSON. Standard library alone.

`staging_probe.py SECONDS WAY...` tries them again and again for that long (0: once). A way is its words with spaces
between: `tcp ADDRESS PORT`, `knock ADDRESS PORT` (connect, no more), `tls ADDRESS PORT NAME`, `http ADDRESS PORT NAME`,
`name NAME PORT` (resolved first), `udp ADDRESS PORT`, `send ADDRESS PORT` (UDP, and no waiting), `dns ADDRESS`, `mail
ADDRESS PORT`, and as root `icmp ADDRESS`, `ip ADDRESS NUMBER` (a protocol without ports), `spoofed ADDRESS SOURCE`
(packets in somebody else's name).
"""

import json
import smtplib
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable

PATIENCE = 4.0
QUESTION = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\x06secret\x07example\x03com\0\0\1\0\1"


def tcp(address: str, port: str) -> str:
    """Connect, and say something of no protocol."""
    with socket.create_connection((address, int(port)), PATIENCE) as there:
        there.sendall(b"\x01\x02 something of no protocol\r\n\r\n")
        return repr(there.recv(200))


def knock(address: str, port: str) -> str:
    """Connect, and no more."""
    with socket.create_connection((address, int(port)), PATIENCE):
        return "connected"


def tls(address: str, port: str, name: str) -> str:
    """Shake hands, whoever it is, and ask for a page."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    raw = socket.create_connection((address, int(port)), PATIENCE)
    with raw, context.wrap_socket(raw, server_hostname=name) as there:
        there.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return repr(there.recv(60))


def http(address: str, port: str, name: str) -> str:
    """Ask a server for a page by a name."""
    with socket.create_connection((address, int(port)), PATIENCE) as there:
        there.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return repr(there.recv(60))


def name(asked: str, port: str) -> str:
    """Resolve as the system does, and connect."""
    found = socket.getaddrinfo(asked, int(port), type=socket.SOCK_STREAM)
    return tcp(str(found[0][4][0]), port)


def udp(address: str, port: str) -> str:
    """Send, and wait for whoever answers."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as there:
        there.settimeout(PATIENCE)
        there.connect((address, int(port)))
        there.send(b"hello")
        return repr(there.recv(200))


def send(address: str, port: str) -> str:
    """A DNS question that nobody waits for the answer to."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as there:
        there.sendto(QUESTION, (address, int(port)))
    return "sent"


def dns(address: str) -> str:
    """Ask a server of one's own choice (RFC 1035)."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as there:
        there.settimeout(PATIENCE)
        there.connect((address, 53))
        there.send(QUESTION)
        return f"answered with {len(there.recv(4096))} octets"


def mail(address: str, port: str) -> str:
    """Straight to a mail exchanger."""
    with smtplib.SMTP(address, int(port), timeout=PATIENCE) as there:
        there.sendmail("staging@example.com", ["someone@customer.example"], "Subject: out\r\n\r\nout\r\n")
    return "taken"


def icmp(address: str) -> str:
    """A ping."""
    ping = b"\x08\0\xf7\xff\0\0\0\0" if _family(address) == socket.AF_INET else b"\x80\0\0\0\0\0\0\0"
    number = socket.IPPROTO_ICMP if _family(address) == socket.AF_INET else socket.IPPROTO_ICMPV6
    return _raw(address, number, ping)


def ip(address: str, number: str) -> str:
    """A packet of any protocol there is."""
    return _raw(address, int(number), b"hello, world")


def spoofed(address: str, source: str) -> str:
    """In the name of another machine, to whom any answer goes: to a port, a name server, and to begin a connection."""
    hello = struct.pack("!HHHH", 4000, 9999, 13, 0) + b"hello"
    asked = struct.pack("!HHHH", 4000, 53, 8 + len(QUESTION), 0) + QUESTION
    begun = struct.pack("!HHIIBBHHH", 4000, 443, 7, 0, 0x50, 2, 1024, _sum_of_syn(address, source), 0)
    ends = socket.inet_aton(source) + socket.inet_aton(address)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as there:
        for number, carried in ((17, hello), (17, asked), (6, begun)):
            head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(carried), 7, 0, 64, number, 0)
            there.sendto(head + ends + carried, (address, 0))
    return "sent"


def _sum_of_syn(address: str, source: str) -> int:
    """TCP's checksum (RFC 9293, 3.1): one that is wrong is dropped, and shows nothing."""
    ends = socket.inet_aton(source) + socket.inet_aton(address) + struct.pack("!HH", 6, 20)
    octets = ends + struct.pack("!HHIIBBHHH", 4000, 443, 7, 0, 0x50, 2, 1024, 0, 0)
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def _raw(address: str, number: int, data: bytes) -> str:
    with socket.socket(_family(address), socket.SOCK_RAW, number) as there:
        there.sendto(data, (address, 0))
    return "sent"


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


WAYS: dict[str, Callable[..., str]] = {
    tried.__name__: tried for tried in (tcp, knock, tls, http, name, udp, send, dns, mail, icmp, ip, spoofed)
}


def attempt(way: str, met: dict[str, str]) -> None:
    """What it met: whatever came back, or the error's name."""
    kind, *words = way.split()
    try:
        met[way] = WAYS[kind](*words)
    except (OSError, smtplib.SMTPException) as held:
        met[way] = type(held).__name__


def main(seconds: float, ways: list[str]) -> dict[str, str]:
    """All ways at once; again, until the time is over."""
    met: dict[str, str] = {}
    until = time.monotonic() + seconds
    while True:
        trying = [threading.Thread(target=attempt, args=(way, met)) for way in ways]
        for one in trying:
            one.start()
        for one in trying:
            one.join()
        if time.monotonic() >= until:
            return met


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(float(sys.argv[1]), sys.argv[2:])))
