"""Ticket: leave to dial once, for exactly one client, name and port. Without one nothing in the house dials."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """Made by a recorded decision that lets something leave; redeemed once by the dialler."""

    client: str
    """The id of the client connection it was made for."""
    host: str
    """Canonical name, or an address that was named by its number."""
    port: int
    addresses: tuple[str, ...] = ()
    """Private networks (CIDR) the name may resolve to; empty: public addresses only."""
    expires: datetime | None = None
    capture_id: str = ""
