"""A program of the standard library alone, run by `soundstage run`: what a stubborn program does, proxy or not."""

import json
import os
import smtplib
import socket
import ssl
import struct
import sys
import urllib.request
from collections.abc import Callable

SECONDS = 60.0
"""A bound, not an expectation: whatever is asked here is answered, or refused."""


def question(name: str) -> bytes:
    """A DNS question for an A record (RFC 1035, 4.1)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)


def own_resolver(family: int, server: str) -> str:
    """Ask a foreign server oneself: the answer's last four octets, an address."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SECONDS)
        sock.sendto(question("own-resolver.example.com"), (server, 53))
        answer, place = sock.recvfrom(512)
        assert place[0] == server, place
        return socket.inet_ntoa(answer[-4:])


def direct(context: ssl.SSLContext) -> str:
    """HTTPS without any proxy, trusting what the runtime trusts by itself."""
    handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    request = urllib.request.Request("https://api.stripe.com/v1/refunds", data=b"charge=ch_1")
    with urllib.request.build_opener(*handlers).open(request, timeout=SECONDS) as answer:
        return str(json.load(answer)["object"])


def without_variables() -> str:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        os.environ.pop(name, None)
    return direct(ssl.create_default_context(cafile=sys.argv[1]))


def mail_to_an_exchanger() -> str:
    with smtplib.SMTP("mx.partner.example", 25, timeout=SECONDS) as client:
        client.sendmail("a@shop.example", ["b@partner.example"], "Subject: straight\r\n\r\nx")
    return "sent"


def raw(family: int, place: tuple[str, int]) -> str:
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(SECONDS)
        sock.connect(place)
        sock.sendall(b"SSH-2.0-battery\r\n")
        return repr(sock.recv(10))


def own_server() -> str:
    """One process's own server on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            accepted.sendall(b"own")
            return client.recv(3).decode()


ATTEMPTS: dict[str, Callable[[], str]] = {
    "own-resolver": lambda: own_resolver(socket.AF_INET, "1.1.1.1"),
    "own-resolver-ipv6": lambda: own_resolver(socket.AF_INET6, "2606:4700:4700::1111"),
    "direct": lambda: direct(ssl.create_default_context()),
    "direct-by-the-systems-bundle": without_variables,
    "mail": mail_to_an_exchanger,
    "raw": lambda: raw(socket.AF_INET, ("203.0.113.7", 22)),
    "raw-ipv6": lambda: raw(socket.AF_INET6, ("2001:db8::7", 22)),
    "own-server": own_server,
    "quic": lambda: raw_datagram(("1.1.1.1", 443)),
}


def raw_datagram(place: tuple[str, int]) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return str(sock.sendto(b"quic", place))


def outcome(attempt: Callable[[], str]) -> str:
    try:
        return attempt()
    except OSError as trouble:
        return f"{type(trouble).__name__}: {trouble}"


if __name__ == "__main__":
    json.dump({name: outcome(attempt) for name, attempt in ATTEMPTS.items()}, sys.stdout)
