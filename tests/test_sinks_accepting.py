"""Accepting connections, also where the system has no more to give."""

import asyncio
import errno
import socket
from typing import Any

import pytest
from smtp_stage import until

from sinks.accepting import Accepting
from sinks.binding import bound_socket
from sinks.in_flight import InFlight


class Exhausted(socket.socket):
    """A listening socket of a system that is out of file descriptors for its first connection."""

    troubles: list[OSError]

    def accept(self) -> tuple[socket.socket, Any]:
        if self.troubles:
            raise self.troubles.pop()
        return super().accept()


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(errno.EMFILE, id="out-of-files"),
        pytest.param(errno.ECONNABORTED, id="reset-before-it-was-accepted"),
    ],
)
async def test_trouble_with_one_connection_stops_none(number: int) -> None:
    with bound_socket("127.0.0.1", 0) as bound:
        listening = Exhausted(fileno=bound.detach())
    listening.setblocking(False)
    listening.troubles = [OSError(number, "trouble")]
    taken: list[socket.socket] = []
    accept = Accepting(asyncio.get_running_loop(), listening, lambda sock, _peer: taken.append(sock))
    with socket.create_connection(listening.getsockname(), timeout=60):
        await until(lambda: len(taken) == 1)
    accept.stop()
    assert not taken[0].getblocking()
    assert taken[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "of the listener's own accord"
    taken[0].close()
    assert listening.fileno() < 0


async def test_a_connection_that_cannot_be_served_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    taken: list[socket.socket] = []

    def take(sock: socket.socket, peer: Any) -> None:
        taken.append(sock)
        raise RuntimeError(f"no room for {peer[0]}")

    listening = bound_socket("127.0.0.1", 0)
    register = InFlight()
    accept = Accepting(asyncio.get_running_loop(), listening, take, register)
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    assert await asyncio.wait_for(reader.read(), 60) == b""
    writer.close()
    accept.stop()
    assert taken[0].fileno() < 0
    assert "no room for 127.0.0.1" in caplog.text
    ((work, why),) = register.lost()
    assert (work.what, work.source, why) == ("a connection", "127.0.0.1", "Soundstage failed on it")


async def test_a_stop_while_out_of_files_stays_a_stop() -> None:
    with bound_socket("127.0.0.1", 0) as bound:
        listening = Exhausted(fileno=bound.detach())
    listening.setblocking(False)
    listening.troubles = [OSError(errno.EMFILE, "trouble")]
    accept = Accepting(asyncio.get_running_loop(), listening, lambda sock, _peer: sock.close())
    with socket.create_connection(listening.getsockname(), timeout=60):
        await until(lambda: not listening.troubles)
        accept.stop()
    await asyncio.sleep(0.1)  # past the pause: the loop would tell of a reader on a closed socket
    assert listening.fileno() < 0
