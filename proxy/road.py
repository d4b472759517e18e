"""Road: the one way that every connection takes whose destination is known, however that was learnt."""

import socket
from typing import Protocol

from policies.http_request import NameSource, RunClaim
from proxy.accept import Peer
from proxy.connection import Entrance
from proxy.transparent_destination import Place


class Road(Protocol):
    """`proxy.transparent.TransparentEntrance`."""

    async def serve(
        self,
        sock: socket.socket,
        peer: Peer,
        meant: Place,
        source: NameSource = "address",
        *,
        claim: RunClaim | None = None,
        entrance: Entrance = "transparent",
    ) -> None:
        """Serve a connection that was meant for a place, to its end."""
        ...
