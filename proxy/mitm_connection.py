"""HeldConnection: mitmproxy's handler of one client connection, with its two ways out replaced by ours.

Every hook of mitmproxy's comes through `handle_hook`, every connection it opens through `open_connection`.
"""

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

from mitmproxy.connection import ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, mode_specs
from mitmproxy.proxy.server import ConnectionIO, LiveConnectionHandler

from proxy.mitm_layers import Outermost
from proxy.mitm_options import HELD
from proxy.mitm_signals import Draining
from proxy.mitm_tickets import Tickets
from sinks.dialler import CannotDial, DialRefused

_log = logging.getLogger(__name__)
_REGULAR = mode_specs.ProxyMode.parse("regular")

MOST_WAITING = 1024 * 1024
"""Octets of an upload that may wait for HTTP/2's flow control before more is written."""

LOOK_SECONDS = 1.0
"""Between two looks whether an opt-in has ended."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Hooks = Callable[["HeldConnection", commands.StartHook], Awaitable[None]]


class HeldConnection(LiveConnectionHandler):
    """One client, and whatever it was let out to. Without a ticket it reaches nothing."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        tls: bool,
        tickets: Tickets,
        hooks: Hooks,
        failed: Callable[[], None],
    ) -> None:
        """`failed` is told of an error that no hook tells of."""
        # HeldOptions has every option the core reads; the class it stands in for would bring all the others.
        super().__init__(reader, writer, cast("Options", HELD), _REGULAR)
        context = self.layer.context
        self.layer = Outermost(context, tls, failed)
        self.tickets = tickets
        self.closed = False
        self._hooks = hooks
        self._moved = asyncio.Event()
        self._flush = cast("Callable[[], Awaitable[None]]", super().drain_writers)
        self.waiting_for_client: Callable[[], int] = lambda: 0
        """Octets of answers that the client's HTTP/2 windows hold back; set once HTTP is spoken."""
        self._expiry: asyncio.Handle | None = None
        self._expires: datetime | None = None

    async def handle_hook(self, hook: commands.StartHook) -> None:
        """The hooks hold by themselves; should even that fail, the connection is shut before mitmproxy goes on."""
        with self.timeout_watchdog.disarm():
            try:
                await self._hooks(self, hook)
            except Exception as error:
                _log.exception("the hook %s failed; its connection is shut", hook.name)
                self.shut()
                # Whoever waits for this hook waits for ever: nothing that depends on it happens.
                raise asyncio.CancelledError from error

    def shut(self) -> None:
        """Close the client's connection, and with it all that were opened for it, on which nothing more is sent."""
        self.closed = True
        self.tickets.void()
        for connection, server in tuple(self.transports.items()):
            if connection is not self.client and isinstance(server.writer, asyncio.StreamWriter):
                _cut(server.writer)
        io = self.transports.get(self.client)
        if io is not None and io.handler is not None:
            io.handler.cancel("shut by Soundstage")

    def expire_at(self, expires: datetime | None) -> None:
        """Shut the connection when an opt-in that something left by has ended; the earliest one counts."""
        if expires is None or (self._expires is not None and self._expires <= expires):
            return
        if self._expiry is not None:
            self._expiry.cancel()
        self._expires = expires
        self._expiry = asyncio.get_running_loop().call_soon(self._await_expiry, expires)

    def _await_expiry(self, expires: datetime) -> None:
        """Looked at now and then: the wall clock may be moved, and the loop's is another."""
        seconds = (expires - datetime.now(UTC)).total_seconds()
        if seconds <= 0:
            self.shut()
            return
        later = asyncio.get_running_loop().call_later
        self._expiry = later(min(seconds, LOOK_SECONDS), self._await_expiry, expires)

    def over(self) -> None:
        """The client has gone: nothing may be dialled for it any more, and what was closes."""
        self.closed = True
        self.tickets.void()
        for io in tuple(self.transports.values()):
            if io.handler is not None:
                io.handler.cancel("the client has gone")
        if self._expiry is not None:
            self._expiry.cancel()

    async def drained(self, upload: Draining) -> None:
        """Wait until nearly all that was written to a destination has gone, or the connection is over."""
        await self._flush()
        while upload.waiting() > MOST_WAITING and upload.server in self.transports:
            self._moved.clear()
            await self._moved.wait()

    async def drain_writers(self) -> None:
        """Called after each reading. Of a destination no more is read while the client takes nothing of what there is.

        mitmproxy waits for sockets alone: what HTTP/2's windows hold back would pile up in memory.
        """
        await self._flush()
        client = self.transports.get(self.client)
        if client is None or client.handler is asyncio.current_task():
            return  # the client itself has to be heard: what it says may open its windows
        while self.waiting_for_client() > MOST_WAITING and self.client in self.transports:
            self._moved.clear()
            await self._moved.wait()

    async def server_event(self, event: events.Event) -> None:
        """Every event may be one that somebody waits for in `drained`."""
        if isinstance(event, events.ConnectionClosed) and event.connection is self.client and self._reset():
            self.client.state = ConnectionState.CLOSED
        await super().server_event(event)
        self._moved.set()

    def _reset(self) -> bool:
        """Whether the client's connection is gone as a whole, and not just its half."""
        io = self.transports.get(self.client)
        return io is None or (isinstance(io.reader, asyncio.StreamReader) and io.reader.exception() is not None)

    async def open_connection(self, command: commands.OpenConnection) -> None:
        """Dial with a ticket and serve what was reached until it closes.

        The address is resolved, judged and connected to inside the dialler: mitmproxy sees it only afterwards.
        """
        server = command.connection
        if server.address is None or server.via is not None or server.transport_protocol != "tcp":
            raise DialRefused("mitmproxy asked for a connection that is never opened")
        async with self.max_conns[server.address]:
            streams = await self._dialled(command, server.address)
            if streams is not None:
                await self._serve_server(command, *streams)

    async def _dialled(self, command: commands.OpenConnection, address: tuple[str, int]) -> Streams | None:
        try:
            return await self.tickets.dial(*address)
        except (DialRefused, CannotDial, OSError) as error:
            why = str(error) or type(error).__name__
        except asyncio.CancelledError:
            await self.server_event(events.OpenConnectionCompleted(command, "the client has gone"))
            raise
        self.transports.pop(command.connection, None)
        await self.server_event(events.OpenConnectionCompleted(command, why))
        return None

    async def _serve_server(
        self, command: commands.OpenConnection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        server = command.connection
        server.timestamp_start = server.timestamp_tcp_setup = time.time()
        server.state = ConnectionState.OPEN
        server.peername, server.sockname = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        if not server.tls and not self.client.tls and self.client.alpn == b"h2":
            server.alpn = b"h2"  # HTTP/2 in the clear by prior knowledge, as gRPC without TLS speaks it
        self.transports[server] = ConnectionIO(handler=asyncio.current_task(), reader=reader, writer=writer)
        await self.server_event(events.OpenConnectionCompleted(command, None))
        try:
            await self.handle_connection(server)
        finally:
            server.timestamp_end = time.time()

    def log(self, message: str, level: int = logging.INFO, exc_info: Any = None) -> None:
        """mitmproxy's own lines carry bytes of the conversation, which may be secret: only its failures are kept."""
        if level >= logging.ERROR:
            _log.error("mitmproxy: %s", message.partition("\n")[0][:200], exc_info=exc_info)


def _cut(writer: asyncio.StreamWriter) -> None:
    """Reset a connection: what was written and has not gone yet, here or in the kernel, goes nowhere any more."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
