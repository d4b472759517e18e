"""Clients that say everything at once, hear nothing, and are gone: what they said counts, and then nothing is left."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from smtp_stage import MemoryIntake, StageGate, server_context, until

from sinks.in_flight import InFlight
from sinks.smtp_connection import LINES_A_TURN
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_listener import SmtpListener


def mail(number: int) -> bytes:
    return b"MAIL FROM:<a@shop.test>\r\nRCPT TO:<%d@example.com>\r\nDATA\r\nA: b\r\n\r\n%d\r\n.\r\n" % (number, number)


async def some_turns() -> None:
    """Of the loop that is the client's and the server's: what the one has sent over loopback, the other has read."""
    for _ in range(10):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def listening(
    gate: StageGate, in_flight: InFlight, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, int]]:
    """A listener's address; when its clients are gone, nothing may be unfinished."""
    context = None if tls is None else lambda: tls
    listener = SmtpListener(
        gate, context, "stage.test", intakes=MemoryIntake, limits=SmtpLimits(idle_seconds=30), in_flight=in_flight
    )
    try:
        yield await listener.start("127.0.0.1", 0, implicit_tls=tls is not None)
        await until(lambda: in_flight.size == 0)
    finally:
        await listener.stop()


@pytest.mark.parametrize("half", [True, False], ids=["half-closed", "closed"])
async def test_each_mail_of_a_client_that_waits_for_no_reply_is_kept(half: bool) -> None:
    gate, in_flight = StageGate(hold=asyncio.Event()), InFlight()
    assert gate.hold is not None
    async with listening(gate, in_flight) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"EHLO x\r\n" + mail(1) + mail(2) + mail(3) + b"QUIT\r\n")
        await until(lambda: in_flight.size == 1)
        writer.write_eof() if half else writer.close()
        await some_turns()
        gate.hold.set()
        if half:
            heard = await asyncio.wait_for(reader.read(), 60)
            assert heard.count(b"queued as") == 3
            assert heard.endswith(b"\r\n221 2.0.0 Bye\r\n")
        await until(lambda: len(gate.mails) == 3)
        writer.close()
    assert [(seen.recipients, seen.flags) for seen in gate.mails] == [((f"{n}@example.com",), ()) for n in (1, 2, 3)]


async def test_so_it_is_under_tls(tmp_path: Path) -> None:
    server, client = server_context(tmp_path, "127.0.0.1")
    gate, in_flight = StageGate(hold=asyncio.Event()), InFlight()
    assert gate.hold is not None
    async with listening(gate, in_flight, server) as address:
        _, writer = await asyncio.open_connection(*address, ssl=client)
        writer.write(b"EHLO x\r\n" + mail(1) + mail(2))
        await until(
            lambda: [work.what for work in in_flight.perhaps_of("any", lambda *_: "unattributed")] == ["a mail"]
        )
        writer.transport.abort()
        await some_turns()
        gate.hold.set()
        await until(lambda: len(gate.mails) == 2)


@pytest.mark.parametrize("lines", [LINES_A_TURN + 1, 4 * LINES_A_TURN])
async def test_many_lines_of_a_client_that_is_gone_leave_nothing_unfinished(lines: int) -> None:
    gate, in_flight = StageGate(), InFlight()
    async with listening(gate, in_flight) as address:
        _, writer = await asyncio.open_connection(*address)
        writer.write(
            b"EHLO x\r\n" + b"NOOP\r\n" * lines + mail(1) + b"MAIL FROM:<never@shop.test>\r\n" + b"NOOP\r\n" * lines
        )
        writer.close()
        await until(lambda: len(gate.mails) == 1)


async def test_the_rest_of_a_mail_that_was_cut_off_behind_others_is_recorded() -> None:
    gate, in_flight = StageGate(hold=asyncio.Event()), InFlight()
    assert gate.hold is not None
    async with listening(gate, in_flight) as address:
        _, writer = await asyncio.open_connection(*address)
        writer.write(b"EHLO x\r\n" + mail(1) + mail(2).removesuffix(b".\r\n"))
        await until(lambda: in_flight.size == 1)
        writer.close()
        await some_turns()
        gate.hold.set()
        await until(lambda: len(gate.mails) == 2)
    assert [seen.flags for seen in gate.mails] == [(), ("incomplete",)]


async def test_a_client_of_tls_that_ends_at_once_is_no_oddity(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server, client = server_context(tmp_path, "127.0.0.1")
    gate, in_flight = StageGate(), InFlight()
    async with listening(gate, in_flight, server) as address:
        _, writer = await asyncio.open_connection(*address, ssl=client)
        writer.write(b"EHLO x\r\n" + mail(1))
        writer.close()
        await until(lambda: len(gate.mails) == 1)
    assert "eof_received" not in caplog.text
