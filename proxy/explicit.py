"""The explicit entrance: the HTTP proxy that clients are told of. CONNECT, or requests in absolute form."""

import asyncio
import socket
from dataclasses import replace

from policies.http_request import RunClaim
from proxy.accept import Peer
from proxy.connection import Connection
from proxy.door_request import claim_of
from proxy.head import Head, MalformedHead, head_end
from proxy.head_target import read_authority
from proxy.http1_reply import ESTABLISHED, problem, render
from proxy.linger import linger
from proxy.listener_opening import Opener
from proxy.peek import PeekEnded, take
from proxy.road import Road

SERVER_SPEAKS_FIRST = frozenset((21, 22, 110, 143, 3306))
"""Ports of FTP, SSH, POP3, IMAP and MySQL, which nobody here speaks: a tunnel there is refused at once."""


class ExplicitEntrance:
    """Serves one connection of a client that knows it speaks to a proxy."""

    def __init__(self, road: Road, opener: Opener, claim: RunClaim | None = None) -> None:
        """What is in a tunnel takes the road. `claim`: of a run that this, and the road, are for alone."""
        self._road = road
        self._opener = opener
        self._claim = claim

    async def __call__(self, sock: socket.socket, peer: Peer) -> None:
        """An entrance, as the accept loop calls it."""
        connection = Connection(peer.id, peer.address, peer.port, "explicit", claim=self._claim)
        try:
            head, seen = await self._opener.first_head(sock)
        except PeekEnded as ended:
            if ended.seen:
                await self._opener.serve_plain(sock, connection, None)
            return
        if isinstance(head, Head) and head.method == "CONNECT":
            await self._connect(sock, peer, connection, head, seen[: head_end(seen)])
        else:
            await self._opener.serve_plain(sock, connection, head)

    async def _connect(self, sock: socket.socket, peer: Peer, connection: Connection, head: Head, taken: bytes) -> None:
        await take(sock, len(taken))
        try:
            host, port = read_authority(head.target)
            if head.length or head.chunked:
                raise MalformedHead("CONNECT came with a body")
        except MalformedHead as error:
            await self._refuse(sock, connection, 400, str(error), taken, "malformed")
            return
        claim = claim_of(head, connection)
        if port in SERVER_SPEAKS_FIRST:
            connection = replace(connection, names=(("connect", head.target),), port=port, claim=claim)
            what = f"a tunnel to port {port}, where the server speaks first"
            await self._refuse(sock, connection, 403, what, b"", "unreadable")
            return
        await asyncio.get_running_loop().sock_sendall(sock, ESTABLISHED)
        await self._road.serve(sock, peer, (host, port), "connect", claim=claim, entrance="explicit")

    async def _refuse(
        self, sock: socket.socket, connection: Connection, status: int, what: str, seen: bytes, flag: str
    ) -> None:
        told = await self._opener.record(connection, what, seen, flag)
        detail = f"{what}: {told.reason}"
        reply = problem(status if told.answered else 503, "Refused", detail, told.capture_id)
        octets = render(reply, head_only=False, keep_alive=False, minor=1, marks=())
        await asyncio.get_running_loop().sock_sendall(sock, octets)
        await linger(sock)
