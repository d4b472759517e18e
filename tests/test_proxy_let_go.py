"""A connection that has ended is let go at once: nobody has to wait for the garbage collector."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from door_stage import Stage, connected, hear, hear_all, over_tls, say, shut, stage
from door_stage import Wire as Client
from let_go import LetGo

from ledger.trouble import LedgerUnavailable
from proxy.connection import Connection
from proxy.door_body import BodyTaker
from proxy.door_conversation import Conversation
from proxy.door_limits import DoorLimits
from proxy.door_outbox import Outbox
from proxy.door_tls import TlsTransport
from proxy.door_wire import Wire

GET = b"GET /v1/charges HTTP/1.1\r\nHost: api.example.com\r\n\r\n"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, limits=DoorLimits(linger_seconds=0.05)) as running:
        yield running


async def asks(here: Stage, wire: Client) -> None:
    for _ in range(3):
        await say(wire, GET)
        assert (await hear(wire))[0] == 200


async def asks_and_is_closed(here: Stage, wire: Client) -> None:
    await say(wire, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    await hear_all(wire)


async def talks_nonsense(here: Stage, wire: Client) -> None:
    await say(wire, b"GET / HTTP/1.1\r\nno field\r\n\r\n")
    assert b" 400 " in await shut(wire)


async def breaks_off(here: Stage, wire: Client) -> None:
    await say(wire, b"POST / HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 9\r\n\r\nabc")
    wire[1].transport.abort()


async def cannot_be_recorded(here: Stage, wire: Client) -> None:
    here.gate.trouble = LedgerUnavailable("the disk is full")
    await say(wire, GET)
    assert b" 503 " in await shut(wire)
    here.gate.trouble = None  # it knows where it was raised


async def says_nothing(here: Stage, wire: Client) -> None:
    pass


class SaysGoodbye:
    """Another engine."""

    async def serve(self, sock: socket.socket, connection: Connection) -> None:
        await asyncio.get_running_loop().sock_sendall(sock, b"bye")
        sock.close()


ENDS = [asks, asks_and_is_closed, talks_nonsense, breaks_off, cannot_be_recorded, says_nothing]
OURS = (Conversation, Wire, TlsTransport, Outbox, BodyTaker)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("tls", [False, True], ids=["in-the-clear", "tls"])
async def test_of_a_conversation_at_the_door_nothing_is_kept(
    here: Stage, end: Callable[[Stage, Client], Awaitable[None]], tls: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "proxy.door_ask")  # what is noted for us of an error knows where it was raised
    with LetGo(*OURS) as kept:
        async with over_tls(here.https, here.trusting) if tls else connected(here.http) as wire:
            if not tls:
                await say(wire, b"\r\n")
            await kept.until("Conversation")
            await end(here, wire)
        assert await kept.left() == []


async def test_of_a_handshake_that_came_to_nothing_nothing_is_kept(here: Stage) -> None:
    stranger = ssl.create_default_context()
    with LetGo(*OURS) as kept:
        for _ in range(3):
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection(*here.https, ssl=stranger, server_hostname="a.example")
        await here.gate.asked(3)
        assert await kept.left() == []


async def test_of_a_conversation_that_is_handed_over_nothing_is_kept(tmp_path: Path) -> None:
    other = SaysGoodbye()
    async with stage(tmp_path, may_leave=lambda host, port: host == "opted-in.example.com", other=other) as here:
        with LetGo(*OURS) as kept:
            async with connected(here.http) as wire:
                await asks(here, wire)
                await kept.until("Conversation")
                await say(wire, GET.replace(b"api.", b"opted-in."))
                assert await hear_all(wire) == b"bye"
            assert await kept.left() == []
