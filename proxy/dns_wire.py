"""DNS on the wire: datagrams, and messages with their length before them (RFC 7766). Nothing is understood here."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from proxy.accept import AcceptLoop, Peer
from proxy.transparent_destination import plain_address

Respond = Callable[[bytes, str, str], Coroutine[Any, Any, bytes | None]]
"""`respond(message, source, "dns" or "dns-tcp")`: the answer, or None for none."""
MOST_AT_ONCE = 1_000
"""Datagrams being answered; one more is dropped, and asked again by its client."""
TCP_IDLE_SECONDS = 10.0


class UdpQuestions(asyncio.DatagramProtocol):
    """Answers datagrams."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._transport: asyncio.DatagramTransport | None = None
        self._answering: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.DatagramTransport):
            raise TypeError(f"{type(transport).__name__} carries no datagrams")
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self._answering) >= MOST_AT_ONCE:
            return
        task = asyncio.Task(self._answer(data, addr), loop=asyncio.get_running_loop())
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, data: bytes, address: tuple[str, int]) -> None:
        answer = await self._respond(data, plain_address(address[0]), "dns")
        if answer is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(answer, address)


class TcpQuestions:
    """Answers the messages of the connections to one port."""

    def __init__(self, sock: socket.socket, respond: Respond) -> None:
        self._respond = respond
        self._accepting = AcceptLoop(sock, self._serve)

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._accepting.stop()

    async def _serve(self, sock: socket.socket, peer: Peer) -> None:
        await answer_stream(sock, peer, self._respond)


async def answer_stream(sock: socket.socket, peer: Peer, respond: Respond) -> None:
    """Answer the messages of one TCP connection, each in order, until it ends or is silent for too long."""
    with contextlib.suppress(TimeoutError, ConnectionError, _Ended):
        while True:
            async with asyncio.timeout(TCP_IDLE_SECONDS):
                size = int.from_bytes(await _exactly(sock, 2))
                message = await _exactly(sock, size)
            answer = await respond(message, peer.address, "dns-tcp")
            if answer is None:
                return
            await asyncio.get_running_loop().sock_sendall(sock, len(answer).to_bytes(2) + answer)


class _Ended(Exception):
    """The client closed the connection."""


async def _exactly(sock: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    taken = bytearray()
    while len(taken) < size:
        piece = await loop.sock_recv(sock, size - len(taken))
        if not piece:
            raise _Ended
        taken += piece
    return bytes(taken)
