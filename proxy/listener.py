"""Listener: one TCP port of the gateway, from start to stop."""

import socket

from policies.http_request import RunClaim
from proxy.accept import AcceptLoop, Entrance, PortInUse, listening_socket
from sinks.in_flight import InFlight

__all__ = ["Listener", "PortInUse"]


class Listener:
    """Binds one address and gives each connection to its entrance."""

    def __init__(self, entrance: Entrance, in_flight: InFlight | None = None, *, claim: RunClaim | None = None) -> None:
        """`in_flight`: where connections are entered that have been accepted and not been looked at yet, as of whom
        `claim` says."""
        self._entrance = entrance
        self._claim = claim
        self._in_flight = in_flight
        self._loop: AcceptLoop | None = None

    async def start(self, bind: str, port: int) -> tuple[str, int]:
        """Listen, and return the address really bound; port 0 picks a free one. Raises PortInUse."""
        sock = listening_socket(bind, port)
        bound = sock.getsockname()
        self._loop = AcceptLoop(sock, self._entrance, self._in_flight, self._claim)
        return bound[0], bound[1]

    def start_on(self, sock: socket.socket) -> None:
        """Serve a listening socket that was bound elsewhere, such as in another network. It is ours from now on."""
        sock.setblocking(False)
        self._loop = AcceptLoop(sock, self._entrance, self._in_flight, self._claim)

    @property
    def open_connections(self) -> int:
        """How many are being served now."""
        return self._loop.open_connections if self._loop is not None else 0

    async def run_out(self, seconds: float) -> None:
        """Before a stop, where the clients are gone: what they have sent is served, and what is not is told of."""
        if self._loop is not None:
            await self._loop.run_out(seconds)

    async def stop(self) -> None:
        """Close the port and every connection, within a few seconds. Stopping twice is stopping once."""
        loop, self._loop = self._loop, None
        if loop is not None:
            await loop.stop()
