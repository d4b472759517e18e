"""The steered entrances: clients whose DNS sent them here, whatever the name. SNI or Host tells it."""

import socket
from typing import ClassVar

from policies.http_request import RunClaim
from proxy.accept import Peer
from proxy.connection import Connection
from proxy.door_ask import Gate
from proxy.engines import EngineChooser
from proxy.listener_opening import Opener, Patience
from proxy.peek import PeekEnded


class _Steered:
    """An entrance of clients that were sent here: who they are, and the port that they meant."""

    usual_port: ClassVar[int]

    def __init__(
        self,
        chooser: EngineChooser,
        gate: Gate,
        *,
        meant_port: int | None = None,
        patience: Patience | None = None,
        claim: RunClaim | None = None,
    ) -> None:
        """`meant_port`: other than the protocol's own; `claim`: of a run that this entrance is for alone."""
        self._opener = Opener(chooser, gate, patience or Patience())
        self._port = meant_port or self.usual_port
        self._claim = claim

    def _connection(self, peer: Peer) -> Connection:
        return Connection(peer.id, peer.address, peer.port, "steered", port=self._port, claim=self._claim)


class SteeredTls(_Steered):
    """TLS by SNI. Without a name in SNI nobody can tell what was meant: recorded, and refused."""

    usual_port = 443

    async def __call__(self, sock: socket.socket, peer: Peer) -> None:
        """An entrance, as the accept loop calls it."""
        await self._opener.serve_hello(sock, self._connection(peer))


class SteeredPlain(_Steered):
    """HTTP in the clear, by Host."""

    usual_port = 80

    async def __call__(self, sock: socket.socket, peer: Peer) -> None:
        """An entrance, as the accept loop calls it."""
        connection = self._connection(peer)
        try:
            head, _ = await self._opener.first_head(sock)
        except PeekEnded as ended:
            if ended.seen:
                await self._opener.serve_plain(sock, connection, None)
            else:
                await self._opener.record_ended(connection, ended)
            return
        await self._opener.serve_plain(sock, connection, head)
