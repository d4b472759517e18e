"""Tickets: what one client connection may dial. No entry, no dial: this is the only way from mitmproxy to a socket."""

import asyncio
import socket
from typing import Protocol

from proxy.mitm_leaving import Leaving
from sinks.dialler import CannotDial, DialRefused, Misled, NoTicket
from sinks.ticket import Ticket


class Dials(Protocol):
    """The house's one dialler, as far as this engine uses it."""

    def issue(self, ticket: Ticket) -> None: ...

    def withdraw(self, ticket: Ticket) -> None: ...

    def withdraw_all(self, client: str) -> None: ...

    async def dial(self, ticket: Ticket) -> socket.socket: ...


class Tickets:
    """One-time leave to dial, for exactly this client, host and port."""

    def __init__(self, dialler: Dials, client: str) -> None:
        self._dialler = dialler
        self._client = client
        self._waiting: list[Leaving] = []
        self._void = False

    def grant(self, leaving: Leaving) -> None:
        """Open one dial for a departure that has been recorded. Raises NoTicket once the client has gone."""
        if self._void:
            raise NoTicket("the client has closed its connection")
        self._waiting.append(leaving)
        self._dialler.issue(leaving.ticket)

    def withdraw(self, leaving: Leaving) -> None:
        """Void what was not used, because a kept connection served or the request ended."""
        if leaving in self._waiting:
            self._waiting.remove(leaving)
            self._dialler.withdraw(leaving.ticket)

    def void(self) -> None:
        """Void everything, for good."""
        self._void = True
        self._waiting.clear()
        self._dialler.withdraw_all(self._client)

    async def dial(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Use up one ticket. Raises DialRefused, CannotDial or OSError, noted on the departure it was for."""
        leaving = self._take(host, port)
        # Should the client go away meanwhile, the kernel may still finish the connection by itself.
        leaving.in_doubt = True
        try:
            sock = await self._dialler.dial(leaving.ticket)
        except (DialRefused, CannotDial, OSError) as error:
            leaving.failure = str(error) or type(error).__name__
            leaving.refused = isinstance(error, DialRefused)
            leaving.in_doubt = isinstance(error, Misled)
            raise
        leaving.reached = sock.getpeername()[0]
        leaving.in_doubt = False
        return await asyncio.open_connection(sock=sock)

    def _take(self, host: str, port: int) -> Leaving:
        for leaving in self._waiting:
            if (leaving.ticket.host, leaving.ticket.port) == (host, port) and not self._void:
                self._waiting.remove(leaving)
                return leaving
        raise NoTicket(f"nothing was let out to {host} port {port} for this client connection")
