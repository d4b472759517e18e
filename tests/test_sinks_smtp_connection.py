"""What is recorded of clients that go away: of a mail cut off in the middle, of a handshake that failed."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
from smtp_stage import MemoryIntake, NoRelay, StageGate, connected, server_context, stage, until

from policies.decision import Decision
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
        await asyncio.wait_for(held.given_up.wait(), 10)
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


async def test_a_handshake_that_a_stop_cuts_off_is_recorded(tmp_path: Path) -> None:
    server, _ = server_context(tmp_path)
    gate, connections, limits = StageGate(), set[Served](), SmtpLimits()
    delivery = SmtpDelivery(gate, MemoryIntake)
    entrance = SmtpEntrance(
        hostname="stage.test",
        port=465,
        implicit_tls=True,
        tls_context=lambda: server,
        limits=limits,
        delivery=delivery,
        remains=SmtpRemains(gate),
        connections=connections,
        in_flight=InFlight(),
        watch=SmtpWatch(connections, limits),
    )
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        connection = SmtpConnection(entrance)
        connection.connection_made(SmtpSocket(ours, connection, ("127.0.0.9", 1)))
        await asyncio.sleep(0)
        connection.shut()
        connection.abort()
        assert connection.work is not None
        await asyncio.wait_for(connection.work, 10)
    entrance.watch.end()
    assert [(seen.source, seen.flags) for seen in gate.unread] == [("127.0.0.9", ("unreadable",))]
    assert connections == set()
    await until(lambda: entrance.in_flight.size == 0)
