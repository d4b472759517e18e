"""The wire: one run at a time, deadlines that are kept, and an end that is told."""

import asyncio
import socket

from proxy.door_limits import DoorLimits
from proxy.door_wire import Wire


async def on(wire: Wire) -> socket.socket:
    """The client's end of a socket pair whose other end is the wire."""
    client, ours = socket.socketpair()
    ours.setblocking(False)
    client.settimeout(60)
    await asyncio.get_running_loop().connect_accepted_socket(lambda: wire, ours)
    return client


async def test_bytes_run_the_server_once_at_a_time() -> None:
    running, most, seen = 0, 0, bytearray()
    all_read = asyncio.Event()

    async def serve() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        while wire.buffer:
            seen.extend(wire.buffer)
            wire.buffer.clear()
            await asyncio.sleep(0)
        if seen.endswith(b"."):
            all_read.set()
        running -= 1

    wire = Wire(serve, DoorLimits())
    client = await on(wire)
    for _ in range(50):
        client.send(b"ab")
        await asyncio.sleep(0)
    client.send(b".")
    await asyncio.wait_for(all_read.wait(), 60)
    assert (most, bytes(seen)) == (1, b"ab" * 50 + b".")
    client.close()
    wire.abort()
    await asyncio.wait_for(wire.finished, 60)


async def test_a_deadline_is_told_as_late() -> None:
    late = asyncio.Event()

    async def serve() -> None:
        if wire.late:
            late.set()
            wire.close()

    wire = Wire(serve, DoorLimits(idle_seconds=0.01))
    client = await on(wire)
    await asyncio.wait_for(late.wait(), 60)
    await asyncio.wait_for(wire.finished, 60)
    assert client.recv(1) == b""
    client.close()


async def test_reading_pauses_while_too_much_waits() -> None:
    go, begun = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        begun.set()
        await go.wait()
        wire.buffer.clear()
        wire.rest()

    wire = Wire(serve, DoorLimits(ahead_octets=10))
    client = await on(wire)
    client.send(b"x")
    await asyncio.wait_for(begun.wait(), 60)
    client.send(b"y" * 100)
    async with asyncio.timeout(60):
        while wire.transport.is_reading():
            await asyncio.to_thread(lambda: None)
    go.set()
    async with asyncio.timeout(60):
        while not wire.transport.is_reading():
            await asyncio.to_thread(lambda: None)
    client.close()
    wire.abort()
    await asyncio.wait_for(wire.finished, 60)


async def test_what_lingers_is_thrown_away_until_the_client_closes() -> None:
    async def serve() -> None:
        if wire.buffer and not wire.closing:
            await wire.write(b"no")
            wire.linger()

    wire = Wire(serve, DoorLimits(linger_seconds=10))
    client = await on(wire)
    client.send(b"a")
    assert await asyncio.to_thread(client.recv, 10) == b"no"
    client.send(b"b" * 1000)
    client.close()
    await asyncio.wait_for(wire.finished, 60)
    assert not wire.buffer


async def test_a_wire_is_finished_once_what_was_being_judged_is() -> None:
    go, begun = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        begun.set()
        await go.wait()

    wire = Wire(serve, DoorLimits())
    client = await on(wire)
    client.send(b"x")
    await asyncio.wait_for(begun.wait(), 60)
    wire.abort()
    client.close()
    async with asyncio.timeout(60):
        while not wire.lost:
            await asyncio.to_thread(lambda: None)
    assert (wire.busy, wire.finished.done()) == (True, False)
    go.set()
    await asyncio.wait_for(wire.finished, 60)
    assert not wire.busy
