"""Mail connections that somebody else accepted: served to their end, and told whose they are and whither they went."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from smtp_stage import MemoryIntake, RawClient, StageGate, server_context

from policies.http_request import RunClaim
from sinks.passage import Outcome, Seen
from sinks.smtp_listener import SmtpListener

CLAIM = RunClaim("ci-1", "token")
MAIL = b"EHLO x\r\nMAIL FROM:<a@shop.test>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"


@dataclass(frozen=True)
class Peer:
    address: str = "10.0.0.9"


@contextlib.asynccontextmanager
async def served(
    listener: SmtpListener, *, port: int = 25, implicit_tls: bool = False, claim: RunClaim | None = None
) -> AsyncIterator[tuple[socket.socket, asyncio.Task[None]]]:
    """The client's end of a connection that the listener serves, and the serving of it."""
    theirs, ours = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    serving = listener.serve(
        ours, Peer(), implicit_tls=implicit_tls, port=port, claim=claim, meant=f"mx.example.com:{port}"
    )
    task = asyncio.ensure_future(serving)
    try:
        yield theirs, task
    finally:
        theirs.close()
        await asyncio.wait({task}, timeout=60)
        await listener.stop()


async def client_on(sock: socket.socket) -> RawClient:
    return RawClient(*await asyncio.open_connection(sock=sock))


def listening(gate: StageGate, tls: ssl.SSLContext | None = None) -> SmtpListener:
    return SmtpListener(gate, None if tls is None else lambda: tls, "stage.test", intakes=MemoryIntake)


async def test_a_mail_knows_the_server_it_was_meant_for() -> None:
    gate = StageGate()
    async with served(listening(gate), port=587, claim=CLAIM) as (sock, task):
        client = await client_on(sock)
        assert (await client.reply()).startswith("220 ")
        await client.say(MAIL, 4)
        assert (await client.say(b"Subject: x\r\n\r\nx\r\n.\r\n")).startswith("250 ")
        await client.say(b"QUIT\r\n")
        assert await client.closed()
        client.writer.close()
        await asyncio.wait_for(task, 60)
    [mail] = gate.mails
    assert (mail.server, mail.source, mail.port, mail.protocol) == ("mx.example.com:587", "10.0.0.9", 587, "smtp")
    assert mail.claim == CLAIM
    assert gate.unread == []


async def test_a_session_without_a_mail_is_recorded() -> None:
    gate = StageGate()
    async with served(listening(gate), claim=CLAIM) as (sock, task):
        client = await client_on(sock)
        await client.reply()
        await client.say(b"EHLO x\r\nVRFY someone\r\nQUIT\r\n", 3)
        client.writer.close()
        await asyncio.wait_for(task, 60)
    [raw] = gate.unread
    assert (raw.protocol, raw.port, raw.source, raw.flags) == ("smtp", 25, "10.0.0.9", ("no_mail",))
    assert (raw.names, raw.claim) == ((("dns", "mx.example.com:25"),), CLAIM)


async def test_mail_under_tls_from_the_first_byte(tmp_path: Path) -> None:
    gate = StageGate()
    server, trusting = server_context(tmp_path, "mx.example.com")
    async with served(listening(gate, server), port=465, implicit_tls=True) as (sock, task):
        reader, writer = await asyncio.open_connection(sock=sock, ssl=trusting, server_hostname="mx.example.com")
        client = RawClient(reader, writer)
        assert (await client.reply()).startswith("220 ")
        await client.say(MAIL, 4)
        assert (await client.say(b"Subject: x\r\n\r\nx\r\n.\r\n")).startswith("250 ")
        writer.close()
        await asyncio.wait_for(task, 60)
    assert [(mail.protocol, mail.server) for mail in gate.mails] == [("smtps", "mx.example.com:465")]


async def test_a_client_that_does_not_trust_us_is_recorded_once(tmp_path: Path) -> None:
    gate = StageGate()
    server, _ = server_context(tmp_path, "mx.example.com")
    async with served(listening(gate, server), port=465, implicit_tls=True) as (sock, task):
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection(sock=sock, ssl=ssl.create_default_context(), server_hostname="mx.example.com")
        await asyncio.wait_for(task, 60)
    [raw] = gate.unread
    assert (raw.protocol, raw.flags, raw.names) == ("smtps", ("unreadable",), (("dns", "mx.example.com:465"),))


class Holding(StageGate):
    """Says when a mail waits in it."""

    def __init__(self) -> None:
        super().__init__(hold=asyncio.Event())
        self.waiting = asyncio.Event()

    async def take(self, seen: Seen) -> Outcome:
        self.waiting.set()
        return await super().take(seen)


async def test_a_stop_answers_the_mail_at_hand() -> None:
    gate = Holding()
    async with served(listening(gate)) as (sock, task):
        client = await client_on(sock)
        await client.reply()
        await client.say(MAIL, 4)
        client.writer.write(b"Subject: x\r\n\r\nx\r\n.\r\n")
        await client.writer.drain()
        await asyncio.wait_for(gate.waiting.wait(), 60)
        task.cancel()
        assert gate.hold is not None
        gate.hold.set()
        assert (await client.reply()).startswith("250 ")
        client.writer.close()
    assert len(gate.mails) == 1


async def test_tls_without_a_certificate_is_a_mistake_of_ours() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ValueError, match="needs a certificate"):
        await listening(StageGate()).serve(ours, Peer(), implicit_tls=True, port=465, claim=None, meant="x:465")
