"""Accepting: many at once, a bug in one, and the end of all."""

import asyncio
import logging
import socket

import pytest

from proxy.accept import AcceptLoop, Peer, listening_socket
from sinks.in_flight import InFlight


async def test_connections_are_served_side_by_side_and_ended_by_stopping() -> None:
    begun: list[Peer] = []
    all_here = asyncio.Event()

    async def wait(sock: socket.socket, peer: Peer) -> None:
        begun.append(peer)
        if len(begun) == 100:
            all_here.set()
        await asyncio.get_running_loop().create_future()

    sock = listening_socket("127.0.0.1", 0)
    loop = AcceptLoop(sock, wait)
    clients = [socket.create_connection(sock.getsockname()) for _ in range(100)]
    await asyncio.wait_for(all_here.wait(), 60)
    assert loop.open_connections == 100
    assert len({peer.id for peer in begun}) == 100
    await asyncio.wait_for(loop.stop(), 60)
    for client in clients:
        client.settimeout(60)
        assert client.recv(1) == b""
        client.close()


async def test_an_entrance_that_fails_closes_its_connection_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(sock: socket.socket, peer: Peer) -> None:
        raise RuntimeError("a bug")

    sock = listening_socket("127.0.0.1", 0)
    register = InFlight()
    loop = AcceptLoop(sock, fail, register)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            reader, writer = await asyncio.open_connection(*sock.getsockname())
            assert await asyncio.wait_for(reader.read(), 60) == b""
            writer.close()
            await writer.wait_closed()
    assert "ended in a bug; nothing left" in caplog.text
    assert [why for _, why in register.lost()] == ["Soundstage failed on it"] * 2, "no run is clean that lost one"
    await loop.stop()


async def test_nagle_is_off() -> None:
    seen: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def look(sock: socket.socket, peer: Peer) -> None:
        seen.set_result(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    sock = listening_socket("127.0.0.1", 0)
    loop = AcceptLoop(sock, look)
    with socket.create_connection(sock.getsockname()):
        assert await asyncio.wait_for(seen, 60)
    await loop.stop()
