"""The SOCKS entrance: clients that name their destination to a proxy, whatever they speak then. 5, 4 and 4a.

A destination is never refused here, but by what is spoken to it: so it is judged, answered in its own protocol's
shape and recorded with all that was wanted. What is refused here is what is no connection (BIND, UDP ASSOCIATE).
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from policies.http_request import NameSource, RunClaim, claimed
from proxy.accept import Peer
from proxy.connection import Connection
from proxy.linger import linger
from proxy.listener_opening import Opener
from proxy.peek import PeekEnded, peek_until, take
from proxy.road import Road
from proxy.socks_wire import (
    COMMAND_UNSUPPORTED,
    GRANTED,
    LONGEST,
    NOTHING_ACCEPTABLE,
    USER_AND_PASSWORD,
    Command,
    Methods,
    NotSocks,
    Request,
    read_credentials,
    read_opening,
    read_request,
    reply,
)
from proxy.transparent_destination import shown

HANDSHAKE_SECONDS = 10.0
"""For all of it, from the connection to the request."""
FIXED_OCTETS = 8
"""Of a message of version 4, before its user begins, who may be a run with its token."""
_WHAT: dict[Command, str] = {
    "bind": "a SOCKS request to be connected to (BIND)",
    "associate": "a SOCKS request to pass UDP packets on (UDP ASSOCIATE)",
    "other": "a SOCKS request of an unknown kind",
}


class SocksEntrance:
    """Serves one connection of a client that knows it speaks to a SOCKS proxy."""

    def __init__(
        self, road: Road, opener: Opener, claim: RunClaim | None = None, *, seconds: float = HANDSHAKE_SECONDS
    ) -> None:
        """`opener` records what comes to no connection. `claim`: of a run that this, and the road, are for alone."""
        self._road = road
        self._opener = opener
        self._claim = claim
        self._seconds = seconds

    async def __call__(self, sock: socket.socket, peer: Peer) -> None:
        """An entrance, as the accept loop calls it."""
        shaking = _Handshake(sock, self._seconds)
        try:
            request = await shaking.request()
        except NotSocks as error:
            await self._refuse(sock, self._connection(peer, shaking), error, shaking)
            return
        except PeekEnded:
            if shaking.begun:
                what = "a SOCKS handshake that was not finished"
                await self._opener.record(self._connection(peer, shaking), what, b"", "unreadable", protocol="socks")
            return
        source: NameSource = "socks" if request.by_name else "address"
        meant = request.host, request.port
        connection = self._connection(peer, shaking)
        if request.command != "connect":
            connection = replace(connection, names=((source, shown(*meant)),), port=request.port)
            refused = NotSocks(_WHAT[request.command], COMMAND_UNSUPPORTED)
            await self._refuse(sock, connection, refused, shaking, "unreadable")
            return
        await asyncio.get_running_loop().sock_sendall(sock, reply(request.version, GRANTED))
        await self._road.serve(sock, peer, meant, source, claim=shaking.claim, entrance="socks")

    def _connection(self, peer: Peer, shaking: "_Handshake") -> Connection:
        claim = claimed(shaking.claim, self._claim)
        return Connection(peer.id, peer.address, peer.port, "socks", claim=claim)

    async def _refuse(
        self,
        sock: socket.socket,
        connection: Connection,
        error: NotSocks,
        shaking: "_Handshake",
        flag: str = "malformed",
    ) -> None:
        await self._opener.record(connection, str(error), shaking.last, flag, protocol="socks")
        await asyncio.get_running_loop().sock_sendall(sock, shaking.refusal(error.code))
        await linger(sock)


class _Message(Protocol):
    """A message that has been read whole."""

    @property
    def size(self) -> int: ...


class _Handshake:
    """One client's way to its request, each message taken off the socket once it is whole, and nothing after it."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + seconds
        self.claim: RunClaim | None = None
        self.begun = False
        """The client has said something."""
        self.last = b""
        """The message that is being read or was read last, without any credentials in it."""
        self._refusal: Callable[[int], bytes] = lambda _: b""

    async def request(self) -> Request:
        """What the client wants. Raises NotSocks, PeekEnded."""
        opening: Methods | Request = await self._read(read_opening)
        if isinstance(opening, Request):
            self._refusal = lambda code: reply(4, code)
            run, colon, token = opening.user.partition(":")
            self.claim = RunClaim(run, token) if run and colon else None
            return opening
        self._refusal = lambda _: bytes((5, NOTHING_ACCEPTABLE))
        await self._say_who(opening)
        self._refusal = lambda code: reply(5, code)
        return await self._read(read_request)

    def refusal(self, code: int) -> bytes:
        """What a refusal is said by at this point."""
        return self._refusal(code)

    async def _say_who(self, methods: Methods) -> None:
        if methods.chosen == NOTHING_ACCEPTABLE:
            raise NotSocks("a SOCKS5 client that offers neither a password nor to go without one")
        await self._loop.sock_sendall(self._sock, bytes((5, methods.chosen)))
        if methods.chosen != USER_AND_PASSWORD:
            return
        self._refusal = lambda _: bytes((1, 1))
        said = await self._read(read_credentials, shown_octets=0)
        # As to the HTTP proxy: a wrong token is noted on what follows, which is nobody's then.
        self.claim = RunClaim(said.user, said.password) if said.user else None
        await self._loop.sock_sendall(self._sock, bytes((1, 0)))

    async def _read[T: _Message](self, read: Callable[[bytes], T | None], shown_octets: int = LONGEST) -> T:
        def enough(seen: bytes) -> T | None:
            if not seen:
                return None
            self.begun = True
            self.last = seen[: min(shown_octets, FIXED_OCTETS if seen[0] == 4 else LONGEST)]
            return read(seen)

        left = max(0.0, self._until - self._loop.time())
        message, _ = await peek_until(self._sock, enough, limit=LONGEST, seconds=left)
        self.last = self.last[: message.size]
        await take(self._sock, message.size)
        return message
