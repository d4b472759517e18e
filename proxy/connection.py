"""Connection: what a listener learnt of a client's connection before it chose an engine."""

import socket
from dataclasses import dataclass
from typing import Literal, Protocol

from policies.http_request import NameSource, RunClaim

Entrance = Literal["explicit", "steered", "transparent", "socks", "wireguard"]


@dataclass(frozen=True, slots=True)
class Connection:
    """One accepted client connection. Whatever engine serves it starts from here."""

    id: str
    source: str
    source_port: int
    entrance: Entrance
    names: tuple[tuple[NameSource, str], ...] = ()
    """Names the client has given so far: of CONNECT, of SNI. A plain request's names come with the request."""
    port: int | None = None
    """The port the client meant: of CONNECT, or the steered entrance's standard one (443, 80)."""
    tls: bool = False
    """The next bytes on the socket are a ClientHello."""
    alpn: tuple[str, ...] = ()
    """What the ClientHello offers."""
    claim: RunClaim | None = None
    early: bytes = b""
    """Of a plain connection handed over between two requests: bytes already read; the socket holds what follows."""


class Engine(Protocol):
    """Serves a connection whose bytes, but for an answered CONNECT, are untouched. Owns and closes the socket."""

    async def serve(self, sock: socket.socket, connection: Connection) -> None: ...
