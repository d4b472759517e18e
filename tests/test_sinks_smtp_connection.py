"""What is recorded of clients that go away: of a mail cut off in the middle, of a handshake that failed."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from smtp_stage import MemoryIntake, NoRelay, StageGate, connected, server_context, stage, until

from ledger.trouble import LedgerUnavailable
from policies.decision import Decision
from sinks.gate import NotReady
from sinks.in_flight import InFlight
from sinks.smtp_connection import SmtpConnection
from sinks.smtp_delivery import SmtpDelivery
from sinks.smtp_entrance import Served, SmtpEntrance
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_remains import SmtpRemains
from sinks.smtp_socket import SmtpSocket
from sinks.smtp_watch import SmtpWatch

ENVELOPE = b"MAIL FROM:<a@shop.test>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"


async def test_a_mail_cut_off_in_the_middle_is_recorded_as_incomplete() -> None:
    gate = StageGate()
    async with stage(gate) as port:
        async with connected(port) as client:
            await client.say(b"EHLO x\r\n" + ENVELOPE, 4)
            client.writer.write(b"Subject: half\r\n.")
            await client.writer.drain()
        await until(lambda: bool(gate.mails))
    (mail,) = gate.mails
    assert mail.body.data == b"Subject: half\r\n"
    assert "incomplete" in mail.flags


async def test_a_mail_that_may_leave_does_not_when_it_was_cut_off() -> None:
    gate = StageGate(decision=Decision(verdict="allow", rule="qa", reason="opted in", via="smtp://127.0.0.9:25"))
    async with stage(gate, relay=NoRelay()) as port:
        async with connected(port) as client:
            await client.say(b"EHLO x\r\n" + ENVELOPE, 4)
            client.writer.write(b"Subject: half")
            await client.writer.drain()
        await until(lambda: bool(gate.settled))
    assert gate.settled == [(False, None)]


async def test_nothing_is_recorded_of_a_mail_that_had_not_begun() -> None:
    held, gate = MemoryIntake(), StageGate()
    async with stage(gate, intakes=lambda: held) as port:
        async with connected(port) as client:
            await client.say(b"EHLO x\r\n" + ENVELOPE, 4)
        await asyncio.wait_for(held.given_up.wait(), 60)
    assert gate.mails == []


async def distrusting(port: int, implicit: bool) -> None:
    """Begin TLS with public roots alone."""
    roots = ssl.create_default_context()
    if implicit:
        await asyncio.open_connection("127.0.0.1", port, ssl=roots, server_hostname="stage.test")
        return
    async with connected(port) as client:
        await client.say(b"EHLO x\r\n")
        await client.say(b"STARTTLS\r\n")
        await client.writer.start_tls(roots, server_hostname="stage.test")


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
async def test_a_client_that_does_not_trust_the_certificate_is_recorded(tmp_path: Path, implicit: bool) -> None:
    server, _ = server_context(tmp_path)
    gate = StageGate()
    async with stage(gate, tls=server, implicit_tls=implicit) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await distrusting(port, implicit)
        await until(lambda: bool(gate.unread))
    (seen,) = gate.unread
    assert seen.what.startswith("a mail client whose TLS handshake failed: ")
    assert (seen.protocol, seen.port) == ("smtps" if implicit else "smtp", port)
    assert seen.flags == ("unreadable",)


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
async def test_a_client_that_never_shakes_hands_is_recorded(tmp_path: Path, implicit: bool) -> None:
    server, _ = server_context(tmp_path)
    gate = StageGate()
    limits = SmtpLimits(handshake_seconds=0.05)
    async with (
        stage(gate, tls=server, implicit_tls=implicit, limits=limits) as port,
        connected(port, greeted=not implicit) as client,
    ):
        if not implicit:
            await client.say(b"EHLO x\r\nSTARTTLS\r\n", 2)
        assert await client.closed()
        await until(lambda: bool(gate.unread))
    assert [seen.flags for seen in gate.unread] == [("unreadable",)]


@contextlib.contextmanager
def alone(
    gate: StageGate,
    in_flight: InFlight,
    tls: ssl.SSLContext | None = None,
    intakes: Callable[[], MemoryIntake] = MemoryIntake,
) -> Iterator[tuple[SmtpConnection, socket.socket]]:
    """A connection without a listener, and its client's end."""
    connections, limits = set[Served](), SmtpLimits()
    entrance = SmtpEntrance(
        hostname="stage.test",
        port=25,
        implicit_tls=tls is not None,
        tls_context=None if tls is None else lambda: tls,
        limits=limits,
        delivery=SmtpDelivery(gate, intakes),
        remains=SmtpRemains(gate),
        connections=connections,
        in_flight=in_flight,
        watch=SmtpWatch(connections, limits),
    )
    ours, theirs = socket.socketpair()
    for sock in (ours, theirs):
        sock.setblocking(False)
    connection = SmtpConnection(entrance)
    connection.connection_made(SmtpSocket(ours, connection, ("127.0.0.9", 1)))
    try:
        yield connection, theirs
    finally:
        connection.abort()
        theirs.close()
        entrance.watch.end()


async def test_a_handshake_that_a_stop_cuts_off_is_recorded(tmp_path: Path) -> None:
    server, _ = server_context(tmp_path)
    gate, in_flight = StageGate(), InFlight()
    with alone(gate, in_flight, server) as (connection, _):
        await asyncio.sleep(0)
        connection.shut()
        connection.abort()
        assert connection.work is not None
        await asyncio.wait_for(connection.work, 60)
    assert [(seen.source, seen.flags) for seen in gate.unread] == [("127.0.0.9", ("unreadable",))]
    await until(lambda: in_flight.size == 0)


async def test_a_mail_that_is_refused_at_once_counts_as_lost() -> None:
    in_flight = InFlight()
    with alone(StageGate(trouble=NotReady("starting")), in_flight) as (_, theirs):
        theirs.send(b"EHLO x\r\n" + ENVELOPE + b"A: b\r\n.\r\nMAIL FROM:<next@shop.test>\r\n")
        await until(lambda: in_flight.size == 1)
        assert [(work.what, work.source, why) for work, why in in_flight.lost()] == [
            ("a mail", "127.0.0.9", "it could not be kept")
        ]
    await until(lambda: in_flight.size == 0)


def full() -> MemoryIntake:
    raise LedgerUnavailable("the disk is full")


async def test_a_mail_cut_off_that_cannot_be_kept_counts_as_lost() -> None:
    gate, in_flight = StageGate(), InFlight()
    with alone(gate, in_flight, intakes=full) as (_, theirs):
        theirs.send(b"EHLO x\r\n" + ENVELOPE + b"Subject: half\r\n")
        await until(lambda: in_flight.size == 1)
        theirs.close()
        await until(lambda: in_flight.size == 0)
    assert [(work.what, work.source, why) for work, why in in_flight.lost()] == [
        ("a mail", "127.0.0.9", "it was cut off, and could not be kept")
    ]
    assert gate.mails == []


async def test_a_client_that_does_not_go_when_it_is_told_to_is_cut_off() -> None:
    loop = asyncio.get_running_loop()
    with alone(StageGate(), InFlight()) as (connection, theirs):
        over = connection.due(loop.time() + 1000)
        said = b""
        while not said.endswith(b"closing the connection\r\n"):
            said += await asyncio.wait_for(loop.sock_recv(theirs, 1000), 60)
        theirs.send(b"NOOP\r\n")
        connection.due(over)
        await until(lambda: _is_gone(theirs))


def _is_gone(theirs: socket.socket) -> bool:
    try:
        theirs.send(b"NOOP\r\n")
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False
