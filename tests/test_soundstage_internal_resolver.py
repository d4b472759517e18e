"""Questions of internal zones: to the resolver that was set, and an error where it is silent or talks nonsense."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from soundstage.internal_resolver import Resolver, forward, resolver_of

QUERY = b"\x12\x34 question"


@pytest.mark.parametrize(
    ("text", "resolver"),
    [
        pytest.param("10.96.0.10", ("10.96.0.10", 53), id="v4"),
        pytest.param("10.0.0.53:5353", ("10.0.0.53", 5353), id="v4-and-port"),
        pytest.param("fd00::53", ("fd00::53", 53), id="v6"),
        pytest.param("[fd00::53]:5353", ("fd00::53", 5353), id="v6-and-port"),
        pytest.param("[fd00::53]", ("fd00::53", 53), id="v6-in-brackets"),
    ],
)
def test_setting_is_read(text: str, resolver: Resolver) -> None:
    assert resolver_of(text) == resolver


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        yield sock


async def test_udp_waits_for_the_answer_to_its_own_question(udp: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    asking = asyncio.ensure_future(forward(QUERY, udp.getsockname(), "dns"))
    asked, client = await loop.sock_recvfrom(udp, 512)
    assert asked == QUERY
    await loop.sock_sendto(udp, b"\xff\xff another's", client)
    await loop.sock_sendto(udp, b"\x12\x34 answer", client)
    assert await asking == b"\x12\x34 answer"


async def test_tcp_is_framed_by_length() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2))
        assert await reader.readexactly(size) == QUERY
        writer.write((6).to_bytes(2) + b"answer")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        place = server.sockets[0].getsockname()
        assert await forward(QUERY, place, "dns-tcp") == b"answer"


async def test_resolver_that_hangs_up_is_an_error() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        with pytest.raises(OSError, match=r"did not answer|reset"):
            await forward(QUERY, server.sockets[0].getsockname(), "dns-tcp")


async def test_nobody_there_is_an_error(udp: socket.socket) -> None:
    place = udp.getsockname()
    udp.close()
    with pytest.raises(OSError, match="refused"):
        await forward(QUERY, place, "dns")
