"""The explicit entrance: the HTTP proxy that clients are told of. CONNECT, or requests in absolute form."""

import asyncio
import socket
from dataclasses import replace

from policies.http_request import RunClaim
from proxy.accept import Peer
from proxy.connection import Connection
from proxy.door_ask import Gate
from proxy.door_request import claim_of
from proxy.engines import EngineChooser
from proxy.head import Head, MalformedHead, head_end
from proxy.head_target import read_authority
from proxy.http1_reply import ESTABLISHED, problem, render
from proxy.linger import linger
from proxy.listener_opening import Opener, Patience
from proxy.peek import PeekEnded, take

SERVER_SPEAKS_FIRST = frozenset((21, 22, 25, 110, 143, 587, 2525, 3306))
"""Ports of FTP, SSH, SMTP, POP3, IMAP and MySQL: a tunnel there is refused at once; its client would wait."""


class ExplicitEntrance:
    """Serves one connection of a client that knows it speaks to a proxy."""

    def __init__(
        self, chooser: EngineChooser, gate: Gate, patience: Patience | None = None, claim: RunClaim | None = None
    ) -> None:
        """`claim`: of a run that this entrance is for alone."""
        self._opener = Opener(chooser, gate, patience or Patience())
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
            await self._connect(sock, connection, head, seen[: head_end(seen)])
        else:
            await self._opener.serve_plain(sock, connection, head)

    async def _connect(self, sock: socket.socket, connection: Connection, head: Head, taken: bytes) -> None:
        await take(sock, len(taken))
        try:
            _, port = read_authority(head.target)
            if head.length or head.chunked:
                raise MalformedHead("CONNECT came with a body")
        except MalformedHead as error:
            await self._refuse(sock, connection, 400, str(error), taken, "malformed")
            return
        claim = claim_of(head, connection)
        connection = replace(connection, names=(("connect", head.target),), port=port, claim=claim)
        if port in SERVER_SPEAKS_FIRST:
            what = f"a tunnel to port {port}, where the server speaks first"
            await self._refuse(sock, connection, 403, what, b"", "unreadable")
            return
        await asyncio.get_running_loop().sock_sendall(sock, ESTABLISHED)
        await self._opener.serve_any(sock, connection, http=True)

    async def _refuse(
        self, sock: socket.socket, connection: Connection, status: int, what: str, seen: bytes, flag: str
    ) -> None:
        told = await self._opener.record(connection, what, seen, flag)
        detail = f"{what}: {told.reason}"
        reply = problem(status if told.answered else 503, "Refused", detail, told.capture_id)
        octets = render(reply, head_only=False, keep_alive=False, minor=1, marks=())
        await asyncio.get_running_loop().sock_sendall(sock, octets)
        await linger(sock)
