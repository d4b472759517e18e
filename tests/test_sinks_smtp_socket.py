"""A mail connection's socket: everything written arrives, in order, whatever the client takes and when."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from smtp_stage import until

from sinks.smtp_socket import HIGH_OCTETS, SmtpSocket

MANY = b"250 2.0.0 Ok\r\n" * 200_000


class Noting(asyncio.Protocol):
    """Notes what its transport tells it."""

    def __init__(self, *, stays: bool = False, bug: Exception | None = None) -> None:
        self.read = b""
        self.told: list[str] = []
        self.lost: list[Exception | None] = []
        self._stays = stays
        self._bug = bug

    def data_received(self, data: bytes) -> None:
        self.read += data
        if self._bug is not None:
            raise self._bug

    def eof_received(self) -> bool:
        self.told.append("end")
        return self._stays

    def pause_writing(self) -> None:
        self.told.append("full")

    def resume_writing(self) -> None:
        self.told.append("free")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


@contextmanager
def wired(protocol: Noting) -> Iterator[tuple[SmtpSocket, socket.socket]]:
    """A transport with its client's end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    transport = SmtpSocket(ours, protocol, "somebody")
    try:
        yield transport, theirs
    finally:
        transport.abort()
        theirs.close()


async def all_of(theirs: socket.socket, octets: int) -> bytes:
    loop, got = asyncio.get_running_loop(), bytearray()
    async with asyncio.timeout(60):
        while len(got) < octets and (more := await loop.sock_recv(theirs, 1 << 20)):
            got += more
    return bytes(got)


async def test_a_client_that_does_not_read_is_waited_for() -> None:
    protocol = Noting()
    with wired(protocol) as (transport, theirs):
        transport.write(MANY)
        transport.write(b"the last")
        assert protocol.told == ["full"]
        assert await all_of(theirs, len(MANY) + 8) == MANY + b"the last"
        await until(lambda: protocol.told == ["full", "free"])


async def test_what_was_written_before_the_close_arrives() -> None:
    protocol = Noting()
    with wired(protocol) as (transport, theirs):
        transport.write(MANY)
        transport.close()
        assert transport.is_closing()
        assert protocol.lost == []
        assert await all_of(theirs, len(MANY) + 1) == MANY
        await until(lambda: protocol.lost == [None])


async def test_a_half_closed_connection_still_listens() -> None:
    protocol = Noting()
    with wired(protocol) as (transport, theirs):
        transport.write(MANY)
        transport.write_eof()
        assert await all_of(theirs, len(MANY) + 1) == MANY
        theirs.send(b"still here")
        await until(lambda: protocol.read == b"still here")


@pytest.mark.parametrize("stays", [True, False])
async def test_a_client_that_half_closes_is_closed_unless_it_is_owed_something(stays: bool) -> None:
    protocol = Noting(stays=stays)
    with wired(protocol) as (transport, theirs):
        theirs.shutdown(socket.SHUT_WR)
        await until(lambda: protocol.told == ["end"])
        assert transport.is_closing() is not stays
        if stays:
            transport.write(b"250 kept")
            assert await all_of(theirs, 8) == b"250 kept"
        transport.close()
        await until(lambda: protocol.lost == [None])


async def test_reading_waits_while_it_is_told_to() -> None:
    protocol = Noting()
    with wired(protocol) as (transport, theirs):
        transport.pause_reading()
        theirs.send(b"ahead")
        await asyncio.sleep(0)
        assert protocol.read == b""
        transport.resume_reading()
        await until(lambda: protocol.read == b"ahead")


async def test_a_client_that_is_gone_is_lost_once() -> None:
    protocol = Noting()
    with wired(protocol) as (transport, theirs):
        theirs.close()
        transport.write(MANY)
        transport.write(b"more")
        await until(lambda: len(protocol.lost) == 1)
        transport.abort()
        transport.close()
        transport.resume_reading()
        await asyncio.sleep(0)
    assert isinstance(protocol.lost[0], BrokenPipeError)


async def test_a_bug_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    bug = RuntimeError("a bug")
    protocol = Noting(bug=bug)
    with wired(protocol) as (_, theirs):
        theirs.send(b"x")
        await until(lambda: protocol.lost == [bug])
        assert await all_of(theirs, 1) == b""
    assert "ended in a bug" in caplog.text


async def test_tls_takes_the_socket_over_but_not_before_all_replies_are_read() -> None:
    protocol = Noting()
    with wired(protocol) as (transport, theirs):
        assert transport.get_extra_info("peername") == "somebody"
        transport.write(b"220 Ready")
        sock = transport.detached()
        transport.abort()
        assert sock.fileno() >= 0
        sock.close()
        assert await all_of(theirs, 100) == b"220 Ready"
    with wired(protocol) as (transport, _):
        transport.write(b"x" * HIGH_OCTETS * 100)
        with pytest.raises(ConnectionAbortedError, match="does not read"):
            transport.detached()
