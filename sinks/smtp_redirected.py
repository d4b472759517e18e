"""Redirected: mail connections brought here from the server they were meant for, whoever accepted them."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable
from dataclasses import replace
from typing import Protocol

from policies.http_request import NameSource, RunClaim, claimed
from policies.mail import Mail
from policies.raw_connection import RawConnection
from sinks.passage import Outcome, Seen
from sinks.smtp_connection import SmtpConnection
from sinks.smtp_delivery import Taker
from sinks.smtp_entrance import SmtpEntrance
from sinks.smtp_remains import SmtpRemains
from sinks.smtp_socket import SmtpSocket

STOP_SECONDS = 3.0
"""How long a mail that is being recorded is waited for at stop."""
NOTHING_SENT = "a mail session in which no mail was handed over"


class Peer(Protocol):
    """The client's end, as whoever accepted the connection knows it (`proxy.accept.Peer`)."""

    @property
    def address(self) -> str: ...


class RedirectedGate:
    """The gate as one such connection uses it: what passes is told whose it is and where it was meant to go."""

    def __init__(self, gate: Taker, peer: Peer, claim: RunClaim | None, meant: str) -> None:
        self._gate = gate
        self._source = peer.address
        self._claim = claim
        self._meant = meant
        self.asked = False

    async def take(self, seen: Seen) -> Outcome:
        """An AUTH that was meant for the other server names no run, so that the entrance's own claim counts."""
        self.asked = True
        claim = claimed(seen.claim, self._claim)
        if isinstance(seen, Mail):
            return await self._gate.take(replace(seen, source=self._source, claim=claim, server=self._meant))
        if isinstance(seen, RawConnection):
            names: tuple[tuple[NameSource, str], ...] = (("dns", self._meant),)
            return await self._gate.take(replace(seen, source=self._source, claim=claim, names=names))
        return await self._gate.take(seen)

    async def close(self, protocol: str, port: int) -> None:
        """To connect to a mail server is an attempt, also where nothing came of it."""
        if not self.asked:
            raw = RawConnection(self._source, (), port, protocol=protocol, what=NOTHING_SENT, flags=("no_mail",))
            await SmtpRemains(self).keep(raw)


class _Awaited(SmtpConnection):
    """A connection whose end somebody waits for."""

    def __init__(self, entrance: SmtpEntrance) -> None:
        super().__init__(entrance)
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if not self.finished.done():
            self.finished.set_result(None)


async def converse(sock: socket.socket, entrance: SmtpEntrance) -> None:
    """Speak SMTP on an accepted socket until that has ended. Cancelled, what is being recorded is still answered."""
    sock.setblocking(False)
    connection = _Awaited(entrance)
    peer = None
    with contextlib.suppress(OSError):  # the client is gone already, which is recorded as well
        peer = sock.getpeername()
    connection.connection_made(SmtpSocket(sock, connection, peer))
    try:
        # Shielded: cancelling this wait must not cancel the one at the stop.
        await asyncio.shield(connection.finished)
    except asyncio.CancelledError:
        connection.shut()
        await _within(connection.finished)
        connection.abort()
        raise
    finally:
        if connection.work is not None:
            await _within(connection.work)


async def _within(work: Awaitable[None]) -> None:
    await asyncio.wait({asyncio.ensure_future(work)}, timeout=STOP_SECONDS)
