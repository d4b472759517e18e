"""The local ends of what the house has dialled: known while they are open, and before anybody accepts them."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from free_ports import nobody

from sinks.own_ends import OwnEnds


def client() -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    return made


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen()
        made.setblocking(False)
        yield made


async def test_an_end_is_known_when_its_connection_is_accepted_and_until_it_is_closed(server: socket.socket) -> None:
    ends, loop = OwnEnds(), asyncio.get_running_loop()
    known: asyncio.Future[bool] = loop.create_future()

    def accept() -> None:
        accepted, peer = server.accept()
        accepted.close()
        known.set_result(peer in ends)

    loop.add_reader(server, accept)
    with client() as mine:
        await asyncio.wait_for(ends.connect(mine, server.getsockname()), 60)
        end = mine.getsockname()
        assert await asyncio.wait_for(known, 60)
        assert end in ends
    loop.remove_reader(server)
    assert end not in ends
    assert ("127.0.0.1", 1) not in ends
    assert "nonsense" not in ends


async def test_a_connection_that_fails_leaves_nothing() -> None:
    ends = OwnEnds()
    with nobody() as refusing, client() as mine:
        with pytest.raises(ConnectionRefusedError):
            await ends.connect(mine, refusing.getsockname())
        end = mine.getsockname()
    assert end not in ends


async def test_giving_up_lets_go_of_the_socket() -> None:
    ends = OwnEnds()
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [client() for _ in range(4)]  # the queue of one is full then, and the kernel answers nobody

        async def connect_all() -> None:
            for each in waiting:
                await ends.connect(each, full.getsockname())

        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connect_all(), 0.2)
        finally:
            for each in waiting:
                each.close()
    assert all(each.fileno() == -1 for each in waiting)
