"""The door and a client that takes no answers: it is cut off, and what it had asked is judged all the same."""

import asyncio
import socket
from pathlib import Path

from door_stage import RememberingGate, stage

from ledger.reply import Reply
from proxy.connection import Connection
from proxy.door_limits import DoorLimits

GET = b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n"


async def test_a_client_that_does_not_read_is_dropped(tmp_path: Path) -> None:
    gate = RememberingGate(Reply("generic", 200, (), b"x" * 20_000_000))
    limits = DoorLimits(write_seconds=0.05)
    async with stage(tmp_path, gate, limits=limits) as here, asyncio.timeout(60):
        with socket.create_connection(here.http) as client:
            client.sendall(GET)
            await gate.asked(1)
            while here.listeners[2].open_connections:
                await asyncio.to_thread(lambda: None)
    assert len(gate.requests) == 1


async def test_what_a_client_that_does_not_read_had_asked_already_is_judged(tmp_path: Path) -> None:
    gate = RememberingGate(Reply("generic", 200, (), b"x" * 20_000_000))
    limits = DoorLimits(write_seconds=0.05)
    async with stage(tmp_path, gate, limits=limits) as here, asyncio.timeout(60):
        with socket.create_connection(here.http) as client:
            client.sendall(GET + GET + GET[:10])
            await gate.asked(2)
            while here.listeners[2].open_connections:
                await asyncio.to_thread(lambda: None)
    assert len(gate.requests) == 2
    assert [raw.flags for raw in gate.raw] == [("truncated",)]


class Other:
    """An engine that must not be given anything."""

    async def serve(self, sock: socket.socket, connection: Connection) -> None:
        raise AssertionError("there is no client to serve any more")


async def test_what_it_had_asked_of_another_engine_is_judged_here(tmp_path: Path) -> None:
    gate = RememberingGate(Reply("generic", 200, (), b"x" * 20_000_000))
    limits = DoorLimits(write_seconds=0.05)
    moves = stage(tmp_path, gate, limits=limits, may_leave=lambda host, _: host == "out.example", other=Other())
    async with moves as here, asyncio.timeout(60):
        with socket.create_connection(here.http) as client:
            client.sendall(GET + GET.replace(b"a.example", b"out.example"))
            await gate.asked(1)
            gate.departs = True
            while here.listeners[2].open_connections:
                await asyncio.to_thread(lambda: None)
    assert [request.names[-1] for request in gate.requests] == [("host", "a.example"), ("host", "out.example")]
    assert gate.settled == [False]
