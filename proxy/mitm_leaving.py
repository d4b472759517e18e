"""Leaving: one request on its way out: its recorded departure, its one ticket, and what is known of where it got to."""

import logging
from ipaddress import ip_address, ip_network

from ledger.reply import Reply
from policies.address import refusal
from sinks.passage import Departure
from sinks.ticket import Ticket

_log = logging.getLogger(__name__)

KEPT = 256 * 1024
"""Octets of a real answer that are kept with the capture."""


class Leaving:
    """Made once a departure is recorded. Settled at least once, whatever happens."""

    def __init__(self, departure: Departure, ticket: Ticket) -> None:
        self.departure = departure
        self.ticket = ticket
        self.reached: str | None = None
        """The address a connection for it was made to. From then on it may have left."""
        self.in_doubt = False
        """It is being dialled, or its dial ended in a way that does not tell whether a connection was made."""
        self.sent = False
        """Its head was written to a connection: whatever comes back is a real answer."""
        self.failure: str | None = None
        """Why it could not be dialled."""
        self.refused = False
        """The failure was a refusal of ours, not the network's."""
        self.settled = False
        self._kept = bytearray()
        self._passed = 0

    def tap(self, chunk: bytes) -> bytes:
        """Pass a piece of the real answer on unchanged, keeping the beginning."""
        self._passed += len(chunk)
        if len(self._kept) < KEPT:
            self._kept += chunk[: KEPT - len(self._kept)]
        return chunk

    @property
    def answer(self) -> tuple[bytes, tuple[str, ...]]:
        """What is kept of the real answer's body, and a flag where it was longer."""
        return bytes(self._kept), ("reply_truncated",) if self._passed > len(self._kept) else ()

    @property
    def left(self) -> bool:
        """False only where no connection was made for it, or where it was diverted to a private address opted in."""
        if self.in_doubt or self.reached is None:
            return self.in_doubt
        return not (self.departure.decision.verdict == "divert" and self._inside(self.reached))

    def _inside(self, address: str) -> bool:
        at = ip_address(address)
        networks = (ip_network(text, strict=False) for text in self.departure.decision.addresses)
        return any(at.version == network.version and at in network for network in networks)

    def may_reach(self, address: str) -> str | None:
        """Why a connection that is open already, to this address, must not be used for it; or None."""
        return refusal(ip_address(address), self.ticket.addresses)

    async def settle(self, reply: Reply | None) -> None:
        """Say what truly left. Raises whatever the ledger raises: the capture then still says that it left."""
        self.settled = True
        await self.departure.settle(self.left, reply)

    async def settle_quietly(self, reply: Reply | None) -> None:
        """`settle` where it is too late to refuse anything: unwritten, the capture stays `left`, the safe side."""
        if self.settled:
            return
        try:
            await self.settle(reply)
        except Exception:
            _log.exception(
                "what became of capture %s could not be recorded; it stays as left", self.departure.capture_id
            )
