"""The steered entrances: clients whose DNS sent them here, whatever the name. SNI or Host tells it."""

import socket

from policies.http_request import RunClaim
from proxy.accept import Peer
from proxy.connection import Connection
from proxy.door_ask import Gate
from proxy.engines import EngineChooser
from proxy.listener_opening import Opener, Patience
from proxy.peek import PeekEnded


class SteeredTls:
    """TLS by SNI. Without a name in SNI nobody can tell what was meant: recorded, and refused."""

    def __init__(
        self,
        chooser: EngineChooser,
        gate: Gate,
        *,
        meant_port: int = 443,
        patience: Patience | None = None,
        claim: RunClaim | None = None,
    ) -> None:
        """`claim`: of a run that this entrance is for alone."""
        self._opener = Opener(chooser, gate, patience or Patience())
        self._port = meant_port
        self._claim = claim

    async def __call__(self, sock: socket.socket, peer: Peer) -> None:
        """An entrance, as the accept loop calls it."""
        connection = Connection(peer.id, peer.address, peer.port, "steered", port=self._port, claim=self._claim)
        await self._opener.serve_hello(sock, connection)


class SteeredPlain:
    """HTTP in the clear, by Host."""

    def __init__(
        self,
        chooser: EngineChooser,
        gate: Gate,
        *,
        meant_port: int = 80,
        patience: Patience | None = None,
        claim: RunClaim | None = None,
    ) -> None:
        """`claim`: as above."""
        self._opener = Opener(chooser, gate, patience or Patience())
        self._port = meant_port
        self._claim = claim

    async def __call__(self, sock: socket.socket, peer: Peer) -> None:
        """An entrance, as the accept loop calls it."""
        connection = Connection(peer.id, peer.address, peer.port, "steered", port=self._port, claim=self._claim)
        try:
            head, _ = await self._opener.first_head(sock)
        except PeekEnded as ended:
            if ended.seen:
                await self._opener.serve_plain(sock, connection, None)
            else:
                await self._opener.record_ended(connection, ended)
            return
        await self._opener.serve_plain(sock, connection, head)
