"""SmtpEntrance: what all connections of one listening socket share."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from policies.http_request import RunClaim
from policies.raw_connection import RawConnection
from sinks.in_flight import InFlight
from sinks.smtp_delivery import SmtpDelivery
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_remains import SmtpRemains
from sinks.smtp_watch import SmtpWatch


class Served(Protocol):
    """A connection, as its listener sees it."""

    work: asyncio.Task[None] | None

    def due(self, now: float) -> float:
        """As `Watched`."""
        ...

    def shut(self) -> None:
        """Soundstage stops: a mail that is being recorded is answered first."""
        ...

    def abort(self) -> None:
        """Close now."""
        ...


@dataclass(frozen=True, slots=True)
class SmtpEntrance:
    """Made once for each."""

    hostname: str
    port: int
    implicit_tls: bool
    tls_context: Callable[[], ssl.SSLContext] | None
    limits: SmtpLimits
    delivery: SmtpDelivery
    remains: SmtpRemains
    connections: set[Served]
    in_flight: InFlight
    watch: SmtpWatch
    claim: RunClaim | None = None
    """Of a run whose own entrance it is."""

    @property
    def protocol(self) -> str:
        """As captures name it."""
        return "smtps" if self.implicit_tls else "smtp"

    def unread(self, source: str, reason: str) -> RawConnection:
        """A client that would not speak TLS with us: it may pin certificates, or not trust the CA yet."""
        what = f"a mail client whose TLS handshake failed: {reason}"
        return RawConnection(source, (), self.port, protocol=self.protocol, what=what, flags=("unreadable",))
