"""RawConnection: a connection whose bytes are no HTTP, mail or DNS: a tunnel, a failed handshake, another protocol."""

from dataclasses import dataclass

from policies.body import EMPTY, Body
from policies.http_request import NameSource, RunClaim


@dataclass(frozen=True, slots=True)
class RawConnection:
    """What is known of a connection that is recorded and refused, never answered in its own protocol."""

    source: str
    names: tuple[tuple[NameSource, str], ...]
    port: int
    opening: Body = EMPTY
    """The first bytes the client sent, as evidence."""
    protocol: str = "tcp"
    what: str = "bytes that are not HTTP"
    """A phrase for the reason: `the client closed the TLS handshake (it may pin certificates)`."""
    flags: tuple[str, ...] = ()
    claim: RunClaim | None = None
