"""Peeking: the bytes are seen, and are all still there."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from proxy.peek import PeekEnded, peek_until, readable


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    accepted.setblocking(False)
    with client, accepted:
        yield client, accepted


def whole(seen: bytes) -> str | None:
    return "whole" if seen.endswith(b".") else None


async def trickle(client: socket.socket, data: bytes) -> None:
    for octet in data:
        client.send(bytes([octet]))
        await asyncio.sleep(0)


async def test_what_trickles_in_is_seen_whole_and_left_untouched(pair: tuple[socket.socket, socket.socket]) -> None:
    client, accepted = pair
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(trickle(client, b"x" * 200 + b"."))
        assert await peek_until(accepted, whole, limit=1000, seconds=10) == ("whole", b"x" * 200 + b".")
    assert accepted.recv(1000) == b"x" * 200 + b"."
    assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1


async def test_a_socket_is_readable_again_after_a_peek(pair: tuple[socket.socket, socket.socket]) -> None:
    client, accepted = pair
    client.send(b"ab.")
    await peek_until(accepted, whole, limit=1000, seconds=10)
    accepted.recv(1000)
    client.send(b"c")
    await asyncio.wait_for(readable(accepted), 60)
    assert accepted.recv(1) == b"c"


@pytest.mark.parametrize(
    ("sent", "close", "why"),
    [
        pytest.param(b"", True, "closed", id="closed-before-the-first-byte"),
        pytest.param(b"abc", True, "closed", id="closed-in-between"),
        pytest.param(b"", False, "silent", id="silent"),
        pytest.param(b"abc", False, "silent", id="silent-in-between"),
        pytest.param(b"a" * 50, False, "too_long", id="too-long"),
    ],
)
async def test_bytes_that_do_not_come(
    pair: tuple[socket.socket, socket.socket], sent: bytes, close: bool, why: str
) -> None:
    client, accepted = pair
    client.sendall(sent)
    if close:
        client.shutdown(socket.SHUT_WR)
    with pytest.raises(PeekEnded) as ended:
        await peek_until(accepted, whole, limit=50, seconds=10 if close else 0.05)
    assert (ended.value.why, ended.value.seen) == (why, sent)


async def test_a_reset_is_an_end(pair: tuple[socket.socket, socket.socket]) -> None:
    client, accepted = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.close()
    with pytest.raises(PeekEnded) as ended:
        await peek_until(accepted, whole, limit=50, seconds=10)
    assert ended.value.why == "closed"
