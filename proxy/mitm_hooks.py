"""HeldHooks: every hook mitmproxy may call on one client connection. One that is not named here ends the connection.

That is how raw TCP, UDP, DNS, SOCKS, QUIC and a second CONNECT end: their hooks are not named.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mitmproxy.connection import Client, Server
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy import commands, layer
from mitmproxy.tls import TlsData

from proxy.connection import Connection
from proxy.head_target import opened_for
from proxy.mitm_connection import HeldConnection
from proxy.mitm_departure import CannotForward
from proxy.mitm_flow import FlowHooks, InjectedFault
from proxy.mitm_layers import HeldHttpLayer, Shut, speaks
from proxy.mitm_request import SeenRequest
from proxy.mitm_signals import Draining, Malformed
from proxy.mitm_stream import Intakes
from proxy.mitm_tls import H2, ClientTls, ServerTls
from sinks.in_flight import InFlight, Work

_log = logging.getLogger(__name__)
_NOTHING_TO_DO = (
    "client_connected",
    "tls_clienthello",
    "tls_established_server",
    "tls_failed_server",
    "websocket_start",
    "websocket_end",
)


class UnheldHook(Exception):
    """mitmproxy called a hook that nothing here holds: it is about to do something that is never done."""


class HeldHooks:
    """The hooks of one client connection."""

    def __init__(
        self,
        flows: FlowHooks,
        connection: Connection,
        *,
        client_tls: ClientTls,
        server_tls: ServerTls,
        intakes: Intakes,
        spool: Path | None,
        in_flight: InFlight | None = None,
    ) -> None:
        self._connection = connection
        self._in_flight = in_flight or InFlight()
        self._unfinished: set[str] = set()
        """Of requests: the ids of their flows."""
        self._lost: set[str] = set()
        """Of those, or of the connection where there is none, what was told of as lost."""
        self._said = b""
        """The first octets, while they may still become anything."""
        self._client_tls = client_tls
        self._server_tls = server_tls
        self._intakes = intakes
        self._spool = spool
        self._flows = flows
        self._before_leaving: dict[str, Callable[[HeldConnection, Any], Awaitable[None]]] = {
            "requestheaders": flows.requestheaders,
            "request": flows.request,
        }
        self._others: dict[str, Callable[[HeldConnection, Any], Awaitable[None]]] = {
            "responseheaders": flows.responseheaders,
            "response": flows.response,
            "error": flows.error,
            "websocket_message": flows.websocket_message,
            "client_disconnected": self._client_disconnected,
            "next_layer": self._next_layer,
            "tls_start_client": self._tls_start_client,
            "tls_start_server": self._tls_start_server,
            "tls_failed_client": self._tls_failed_client,
            "tls_established_client": self._tls_established_client,
            "soundstage_malformed": self._malformed,
            "soundstage_drain": self._drain,
            "soundstage_control": flows.websocket_control,
            **dict.fromkeys(_NOTHING_TO_DO, _nothing),
        }

    async def __call__(self, held: HeldConnection, hook: commands.StartHook) -> None:
        """Before anything left, a failure becomes the refusal; after that it is raised, which ends the connection."""
        (about,) = hook.args()
        if hook.name == "requestheaders":
            self._request_began(about)
        try:
            await self._call(held, hook, about)
        except CannotForward:
            raise
        except Exception:
            self.lose()
            raise
        finally:
            if hook.name in ("response", "error"):
                self._request_ended(about)

    def lose(self) -> None:
        """Something failed, and perhaps no capture tells of what was under way."""
        at, now = self._connection, self._in_flight.clock()
        keys = (self._unfinished or {at.id}) - self._lost
        self._lost |= keys
        for key in keys:
            work = Work("a request", at.source, now, at.claim, told=True)
            self._in_flight.lose(key, "Soundstage failed on it", work)

    def over(self) -> None:
        """The connection has ended, and with it whatever was begun on it."""
        for flow_id in self._unfinished:
            self._in_flight.end(flow_id)
        self._in_flight.end(self._connection.id)

    def _request_began(self, flow: HTTPFlow) -> None:
        described = flow.request.described if isinstance(flow.request, SeenRequest) else None
        claim = self._connection.claim if described is None else described.claim
        work = self._in_flight.begin(flow.id, "a request", self._connection.source, claim=claim, told=True)
        # Of mitmproxy's own request no host is known until it may leave.
        work.host = "" if described is None or not described.names else described.names[-1][1]
        self._unfinished.add(flow.id)
        self._in_flight.end(self._connection.id)

    def _request_ended(self, flow: HTTPFlow) -> None:
        self._unfinished.discard(flow.id)
        self._in_flight.end(flow.id)

    async def _call(self, held: HeldConnection, hook: commands.StartHook, about: Any) -> None:
        before = self._before_leaving.get(hook.name)
        if before is not None:
            try:
                await before(held, about)
            except Exception as error:
                if not isinstance(error, InjectedFault):
                    _log.exception("the hook %s failed; its request is refused", hook.name)
                    self.lose()
                await self._flows.failed(held, about)
            return
        other = self._others.get(hook.name)
        if other is None:
            raise UnheldHook(f"mitmproxy called the hook {hook.name}, which is never served")
        await other(held, about)

    async def _next_layer(self, held: HeldConnection, asked: layer.NextLayer) -> None:
        first: bytes = asked.data_client()  # type: ignore[no-untyped-call] # mitmproxy's
        client = asked.context.client
        spoken = speaks(first, client.alpn)
        if spoken == "unknown":
            self._said = first
            return
        if spoken == "other":
            await self._flows.raw("bytes that are not HTTP", (), first)
            asked.layer = Shut(asked.context)
            return
        if spoken == "h2":
            client.alpn = H2
        connection = _with_sni(self._connection, client.sni)
        spoken_here = HeldHttpLayer(asked.context, connection, self._intakes, self._spool)
        asked.layer, held.waiting_for_client = spoken_here, spoken_here.waiting_for_client

    async def _tls_start_client(self, held: HeldConnection, data: TlsData) -> None:
        name = data.conn.sni or opened_for(self._connection)[0]
        try:
            data.ssl_conn = self._client_tls.connection(name)
        except ValueError as error:
            await self._flows.raw(f"a TLS handshake that nobody can answer: {error}", ("unreadable",))
            raise

    async def _tls_start_server(self, held: HeldConnection, data: TlsData) -> None:
        server = data.conn
        if not isinstance(server, Server) or server.address is None:
            raise UnheldHook("mitmproxy began a TLS handshake with a destination that has no name")
        server.sni = server.address[0]
        data.ssl_conn = self._server_tls.connection(server.address[0], h2=data.context.client.alpn == H2)

    async def _tls_established_client(self, held: HeldConnection, data: TlsData) -> None:
        self._in_flight.end(self._connection.id)

    async def _tls_failed_client(self, held: HeldConnection, data: TlsData) -> None:
        why = "the client ended the TLS handshake (it may pin certificates, or not trust the CA of Soundstage)"
        await self._flows.raw(why, ("unreadable",))

    async def _client_disconnected(self, held: HeldConnection, client: Client) -> None:
        """To connect is an attempt already, also where nothing was asked."""
        at = self._connection
        if self._flows.asked or not (self._said or at.names or at.entrance == "steered"):
            return
        if self._said not in (b"", b"\r\n"):
            why = "the client went away in the middle of a request's head"
            await self._flows.raw(why, ("truncated",), self._said)
            return
        what = "a connection on which nothing was asked"
        if at.tls:
            what = "a connection that ended after the TLS handshake (the client may pin certificates)"
        await self._flows.raw(what, ("unreadable",))

    async def _malformed(self, held: HeldConnection, malformed: Malformed) -> None:
        await self._flows.raw(malformed.what, malformed.flags, malformed.opening, malformed.meant)

    async def _drain(self, held: HeldConnection, upload: Draining) -> None:
        await held.drained(upload)


async def _nothing(_held: HeldConnection, _about: Any) -> None:
    await asyncio.sleep(0)


def _with_sni(connection: Connection, sni: str | None) -> Connection:
    """What the handshake itself said counts beside what the listener saw of it: a difference is a denial."""
    if sni is None or ("sni", sni) in connection.names:
        return connection
    return replace(connection, names=(*connection.names, ("sni", sni)))
