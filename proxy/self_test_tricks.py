"""Tricks: what the self-test tries at each entrance. Every one of them is opted in, so that only a hold can stop it."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from proxy.mitm_flow import Fault
from proxy.self_test_gate import RUN

NAME = "trap.soundstage.example"
OTHER = "other.soundstage.example"
METADATA = "metadata.google.internal"

Entrance = Literal["proxy", "http", "https"]


@dataclass(frozen=True, slots=True)
class Trick:
    """Something that must be refused."""

    what: str
    entrance: Entrance
    octets: bytes
    tunnel: bool = False
    """Sent into a CONNECT tunnel to the trap, not to the entrance itself."""


def tricks(port: int, secret: str, fault: Fault) -> Iterator[Trick]:
    """All of them, aimed at a trap on this port. Arms one fault for each that needs one."""
    for entrance in ("proxy", "http", "https"):
        at: Entrance = entrance
        once = f"{secret}-{entrance}"
        fault.arm(once)
        yield Trick("a hook that raises", at, request(at, port, secret, f"{Fault.HEADER}: {once}"))
        yield Trick("an upgrade to H2C", at, request(at, port, secret, "Upgrade: H2C", "HTTP2-Settings: AAMAAABk"))
        yield Trick("a metadata name", at, request(at, port, secret, host=METADATA))
        if at == "https":
            yield Trick("a Host that is not the SNI", at, request(at, port, secret, host=OTHER))
        else:
            yield Trick("two names that differ", at, request(at, port, secret, f"Host: {OTHER}:{port}"))
    yield Trick("a tunnel of raw bytes", "proxy", b"SSH-2.0-neither-TLS-nor-HTTP\r\n", tunnel=True)
    yield Trick("an HTTP/2 preface in a tunnel", "proxy", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), tunnel=True)


def request(entrance: Entrance, port: int, secret: str, *fields: str, host: str = NAME) -> bytes:
    """A GET that says by its proxy credentials whose it is."""
    line = f"GET http://{host}:{port}/ HTTP/1.1" if entrance == "proxy" else "GET / HTTP/1.1"
    lines = (line, f"Host: {host}:{port}", credentials(secret), *fields, "Connection: close", "", "")
    return "\r\n".join(lines).encode("ascii")


def connect(port: int, secret: str) -> bytes:
    """A CONNECT to the trap."""
    return f"CONNECT {NAME}:{port} HTTP/1.1\r\nHost: {NAME}:{port}\r\n{credentials(secret)}\r\n\r\n".encode("ascii")


def credentials(secret: str) -> str:
    """The header field."""
    return f"Proxy-Authorization: Basic {base64.b64encode(f'{RUN}:{secret}'.encode()).decode('ascii')}"
