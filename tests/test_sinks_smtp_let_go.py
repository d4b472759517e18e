"""A mail client's connection that has ended is let go at once: nobody has to wait for the garbage collector."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from let_go import LetGo
from smtp_stage import RawClient, StageGate, connected, server_context, stage, until

from sinks.smtp_connection import SmtpConnection
from sinks.smtp_session import SmtpSession
from sinks.smtp_socket import SmtpSocket

ENVELOPE = b"EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
MAIL = b"Subject: hello\r\n\r\nhello\r\n.\r\n"
OURS = (SmtpConnection, SmtpSession, SmtpSocket)


async def sends_a_mail(client: RawClient, gate: StageGate) -> None:
    await client.say(ENVELOPE, 4)
    assert (await client.say(MAIL)).startswith("250 ")


async def says_goodbye(client: RawClient, gate: StageGate) -> None:
    await sends_a_mail(client, gate)
    assert (await client.say(b"QUIT\r\n")).startswith("221 ")
    assert await client.closed()


async def is_reset(client: RawClient, gate: StageGate) -> None:
    client.writer.transport.abort()


async def breaks_off_a_mail(client: RawClient, gate: StageGate) -> None:
    await client.say(ENVELOPE, 4)
    client.writer.write(b"Subject: half")
    await client.writer.drain()


async def is_not_kept(client: RawClient, gate: StageGate) -> None:
    gate.trouble = OSError("no disk")
    await client.say(ENVELOPE, 4)
    assert (await client.say(MAIL)).startswith("451 ")
    gate.trouble = None  # it knows where it was raised


async def fails_to_sign_in(client: RawClient, gate: StageGate) -> None:
    await client.say(b"EHLO me\r\nAUTH PLAIN\r\n", 2)
    assert (await client.say(b"???\r\n")).startswith("5")
    await client.say(b"AUTH PLAIN\r\n")


ENDS = [sends_a_mail, says_goodbye, is_reset, breaks_off_a_mail, is_not_kept, fails_to_sign_in]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("tls", [False, True], ids=["in-the-clear", "starttls"])
async def test_of_a_mail_connection_nothing_is_kept(
    tmp_path: Path, end: Callable[[RawClient, StageGate], Awaitable[None]], tls: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL + 1)  # what is noted for us of an error knows where it was raised
    gate, (context, trusting) = StageGate(), server_context(tmp_path)
    async with stage(gate, tls=context) as port:
        with LetGo(*OURS) as kept:
            async with connected(port) as client:
                if tls:
                    await client.say(b"EHLO me\r\nSTARTTLS\r\n", 2)
                    await client.writer.start_tls(trusting, server_hostname="stage.test")
                await kept.until("SmtpConnection")
                await end(client, gate)
            assert await kept.left() == []


async def test_of_a_handshake_for_mail_that_came_to_nothing_nothing_is_kept(tmp_path: Path) -> None:
    gate, (context, _) = StageGate(), server_context(tmp_path)
    async with stage(gate, tls=context, implicit_tls=True) as port:
        with LetGo(*OURS) as kept:
            async with connected(port, greeted=False) as client:
                await kept.until("SmtpConnection")
                client.writer.write(b"no TLS at all")
                await client.closed()
            await until(lambda: bool(gate.unread))
            assert await kept.left() == []
