"""Conversations with the SMTP listener on real sockets: bytes in, exact replies out."""

import asyncio

import pytest
from smtp_stage import MemoryIntake, StageGate, connected, stage

from ledger.trouble import CANNOT_RECORD, LedgerUnavailable
from policies.decision import Decision
from sinks.gate import NotReady
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_listener import SmtpListener

EHLO = (
    "250-stage.test\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"
    "250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n250-ENHANCEDSTATUSCODES\r\n250 HELP\r\n"
)
ENVELOPE = b"MAIL FROM:<a@shop.test>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
OPEN = "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"
KEPT = "250 2.0.0 Ok: queued as cap-1\r\n"


async def test_a_whole_conversation() -> None:
    gate = StageGate()
    async with stage(gate) as port, connected(port) as client:
        assert await client.say(b"EHLO shop.test\r\n") == EHLO
        assert (
            await client.say(b"MAIL FROM:<a@shop.test> SIZE=20 BODY=8BITMIME RET=HDRS ENVID=x1\r\n")
            == "250 2.1.0 Ok\r\n"
        )
        assert (
            await client.say(b"RCPT TO:<b@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@example.com\r\n")
            == "250 2.1.5 Ok\r\n"
        )
        assert await client.say(b"RCPT TO:<c@example.com>\r\n") == "250 2.1.5 Ok\r\n"
        assert await client.say(b"DATA\r\n") == "354 End data with <CR><LF>.<CR><LF>\r\n"
        assert await client.say(b"Subject: hi\r\n\r\nh\xc3\xa9\r\n..\r\n.\r\n") == KEPT
        assert await client.say(b"QUIT\r\n") == "221 2.0.0 Bye\r\n"
        assert await client.closed()
    (mail,) = gate.mails
    assert mail.body.data == b"Subject: hi\r\n\r\nh\xc3\xa9\r\n.\r\n"
    assert (mail.sender, mail.recipients) == ("a@shop.test", ("b@example.com", "c@example.com"))
    assert mail.sender_options == ("SIZE=20", "BODY=8BITMIME", "RET=HDRS", "ENVID=x1")
    assert mail.recipient_options == (("NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;b@example.com"), ())
    assert (mail.source, mail.protocol, mail.port, mail.helo, mail.tls) == (
        "127.0.0.1",
        "smtp",
        port,
        "shop.test",
        None,
    )
    assert (mail.flags, mail.claim) == ((), None)
    assert "C: RCPT TO:<c@example.com>\nS: 250 2.1.5 Ok" in mail.transcript
    assert "Subject" not in mail.transcript


async def test_pipelined_mails_are_answered_in_order_in_one_session() -> None:
    gate = StageGate()
    async with stage(gate) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        one = ENVELOPE + b"Subject: 1\r\n\r\n.\r\n"
        two = b"MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: 2\r\n\r\n.\r\nNOOP\r\nQUIT\r\n"
        assert await client.say(one + two, 10) == OPEN + KEPT + OPEN + KEPT + "250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n"
    assert [(mail.sender, mail.body.data) for mail in gate.mails] == [
        ("a@shop.test", b"Subject: 1\r\n\r\n"),
        ("", b"Subject: 2\r\n\r\n"),
    ]
    assert "a@shop.test" not in gate.mails[1].transcript


async def test_commands_cut_into_single_octets() -> None:
    gate = StageGate()
    async with stage(gate) as port, connected(port) as client:
        for octet in b"EHLO x\r\n" + ENVELOPE + b"A: b\r\n\r\n..x\r\n.\r\n":
            client.writer.write(bytes([octet]))
            await client.writer.drain()
        assert [await client.reply() for _ in range(5)][-1] == KEPT
    assert gate.mails[0].body.data == b"A: b\r\n\r\n.x\r\n"


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(b"\n.\n", id="lf-dot-lf"),
        pytest.param(b"\n.\r\n", id="lf-dot-crlf"),
        pytest.param(b"\r\n.\n", id="crlf-dot-lf"),
        pytest.param(b"\r.\r", id="cr-dot-cr"),
        pytest.param(b"\r\n.\r", id="crlf-dot-cr"),
        pytest.param(b"\r\n\0.\r\n", id="nul-dot"),
    ],
)
async def test_a_second_mail_cannot_be_smuggled_inside_the_first(ending: bytes) -> None:
    gate = StageGate()
    smuggled = b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nSubject: evil\r\n\r\n"
    async with stage(gate) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        sent = ENVELOPE + b"Subject: hi\r\n\r\nhello" + ending + smuggled + b"\r\n.\r\nQUIT\r\n"
        assert await client.say(sent, 5) == OPEN + KEPT + "221 2.0.0 Bye\r\n"
    (mail,) = gate.mails
    assert mail.recipients == ("b@example.com",)
    assert b"victim@example.com" in (mail.body.data or b"")
    assert {"bare_newline", "nul"} & set(mail.flags)


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        pytest.param(b"MAIL FROM:<a@b>\r\n", "503 5.5.1 Send EHLO or HELO first", id="mail-before-helo"),
        pytest.param(b"EHLO\r\n", "501 5.5.4 Syntax: EHLO hostname", id="ehlo-alone"),
        pytest.param(b"HELO x\r\n", "250 stage.test", id="helo"),
        pytest.param(b"helo x\n", "250 stage.test", id="lower-case-and-bare-lf"),
        pytest.param(b"RCPT TO:<a@b>\r\n", "503 5.5.1 Send MAIL first", id="rcpt-first"),
        pytest.param(b"DATA\r\n", "503 5.5.1 Send MAIL and RCPT first", id="data-first"),
        pytest.param(b"DATA now\r\n", "501 5.5.4 DATA takes no argument", id="data-with-argument"),
        pytest.param(b"VRFY a\r\n", "252 2.5.2 Cannot verify a user; mail for anybody is kept", id="vrfy"),
        pytest.param(b"EXPN a\r\n", "252 2.5.2 Cannot expand a list; mail for anybody is kept", id="expn"),
        pytest.param(b"NOOP x\r\n", "250 2.0.0 Ok", id="noop"),
        pytest.param(b"RSET\r\n", "250 2.0.0 Ok", id="rset"),
        pytest.param(b"STARTTLS\r\n", "502 5.5.1 TLS is not offered", id="starttls-not-offered"),
        pytest.param(b"AUTH PLAIN AHUAcA==\r\n", "503 5.5.1 Send EHLO first", id="auth-before-ehlo"),
        pytest.param(b"BLURT x\r\n", "500 5.5.2 The command is not known", id="unknown"),
        pytest.param(b"\r\n", "500 5.5.2 The command is not known", id="empty-line"),
        pytest.param(b"\xff\xfe\0\r\n", "500 5.5.2 The command is not known", id="binary"),
        pytest.param(b"NOOP " + b"x" * 40_000 + b"\r\n", "500 5.5.2 The line is too long", id="line-too-long"),
    ],
)
async def test_single_commands(sent: bytes, reply: str) -> None:
    async with stage(StageGate()) as port, connected(port) as client:
        assert await client.say(sent) == reply + "\r\n"
        assert await client.say(b"NOOP\r\n") == "250 2.0.0 Ok\r\n"


async def test_http_is_not_taken_for_mail() -> None:
    async with stage(StageGate()) as port, connected(port) as client:
        reply = await client.say(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n" + ENVELOPE)
        assert reply == "554 5.5.1 This is an SMTP port, not HTTP\r\n"
        assert await client.closed()


async def test_too_many_errors_end_the_session() -> None:
    async with stage(StageGate(), limits=SmtpLimits(errors=3)) as port, connected(port) as client:
        replies = await client.say(b"X\r\n" * 9, 5)
        assert replies.endswith("421 4.7.0 Too many errors; closing the connection\r\n")
        assert await client.closed()


async def test_a_thousand_recipients() -> None:
    gate = StageGate()
    async with stage(gate, limits=SmtpLimits(recipients=1500)) as port, connected(port) as client:
        await client.say(b"EHLO x\r\nMAIL FROM:<a@b>\r\n", 2)
        sent = b"".join(b"RCPT TO:<u%d@example.com>\r\n" % number for number in range(1500))
        assert await client.say(sent, 1500) == "250 2.1.5 Ok\r\n" * 1500
        assert await client.say(b"RCPT TO:<more@example.com>\r\n") == "452 4.5.3 More than 1500 recipients\r\n"
        await client.say(b"DATA\r\nA: b\r\n.\r\n", 2)
    assert len(gate.mails[0].recipients) == 1500
    assert len(gate.mails[0].recipient_options) == 1500


async def test_a_message_beyond_the_limit_is_drained_refused_and_still_recorded() -> None:
    gate = StageGate()
    async with stage(gate, limits=SmtpLimits(message_octets=1000)) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        sent = ENVELOPE + b"QUIT\r\n" * 100_000 + b".\r\nNOOP\r\n"
        replies = await client.say(sent, 5)
        assert replies[len(OPEN) :].startswith("552 5.3.4 ")
        assert replies.endswith("\r\n250 2.0.0 Ok\r\n")
    (mail,) = gate.mails
    assert "oversize" in mail.flags
    assert (mail.body.data, mail.body.path, mail.body.size) == (None, None, 600_000)


async def test_a_declared_size_beyond_the_limit_is_refused_at_once() -> None:
    async with stage(StageGate()) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        reply = await client.say(b"MAIL FROM:<a@b> SIZE=50000001\r\n")
        assert reply == "552 5.3.4 The message is larger than the limit of 50000000 octets\r\n"


async def test_a_line_without_an_end_is_held_nowhere() -> None:
    held: list[MemoryIntake] = []

    def intake() -> MemoryIntake:
        held.append(MemoryIntake())
        return held[-1]

    limits = SmtpLimits(message_octets=100_000)
    async with stage(StageGate(), limits=limits, intakes=intake) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n" + ENVELOPE, 4)
        for _ in range(200):
            client.writer.write(b"x" * 65536)
            await client.writer.drain()
        assert (await client.say(b"\r\n.\r\n")).startswith("552 5.3.4 ")
    assert sum(map(len, held[0].chunks)) <= 100_000
    assert held[0].given_up.is_set()


@pytest.mark.parametrize(
    ("gate", "reply"),
    [
        pytest.param(
            StageGate(trouble=LedgerUnavailable("/srv/data: the disk is full")),
            f"451 4.3.0 {CANNOT_RECORD}\r\n",
            id="ledger-gone",
        ),
        pytest.param(StageGate(trouble=NotReady("starting")), "451 4.3.0 starting\r\n", id="not-ready"),
        pytest.param(
            StageGate(trouble=RuntimeError("a bug")),
            "451 4.3.0 Soundstage failed to take this mail; its log says why\r\n",
            id="bug",
        ),
        pytest.param(
            StageGate(Decision(verdict="deny", rule="no-mail", reason="no mail leaves\r\n250 Ok: the team said so")),
            "554-5.7.1 no mail leaves\r\n554 250 Ok: the team said so\r\n",
            id="denied",
        ),
    ],
)
async def test_what_is_not_kept_is_refused(gate: StageGate, reply: str) -> None:
    async with stage(gate) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        assert await client.say(ENVELOPE + b"A: b\r\n.\r\n", 4) == OPEN + reply
        assert await client.say(b"NOOP\r\n") == "250 2.0.0 Ok\r\n"


class BrokenIntake(MemoryIntake):
    def write(self, chunk: bytes) -> None:
        raise LedgerUnavailable("no space left on device")


async def test_a_full_disk_during_data_is_a_451_at_its_end() -> None:
    gate = StageGate()
    async with stage(gate, intakes=BrokenIntake) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        replies = await client.say(ENVELOPE + b"A: b\r\n" * 50_000 + b".\r\n", 4)
        assert replies == OPEN + f"451 4.3.0 {CANNOT_RECORD}\r\n"
    assert gate.mails == []


async def test_the_reply_waits_for_the_gate() -> None:
    """No 250 before the capture is durable."""
    gate = StageGate(hold=asyncio.Event())
    assert gate.hold is not None
    async with stage(gate) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n" + ENVELOPE, 4)
        client.writer.write(b"A: b\r\n.\r\nNOOP\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.05)
        gate.hold.set()
        assert await client.reply() + await client.reply() == KEPT + "250 2.0.0 Ok\r\n"


async def test_idle_clients_are_told_to_go() -> None:
    async with stage(StageGate(), limits=SmtpLimits(idle_seconds=0.05)) as port, connected(port) as client:
        assert await client.reply() == "421 4.4.2 The time is up; closing the connection\r\n"
        assert await client.closed()


async def test_a_message_that_trickles_is_cut_off() -> None:
    limits = SmtpLimits(idle_seconds=30, message_seconds=0.15)
    async with stage(StageGate(), limits=limits) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n" + ENVELOPE, 4)
        async with asyncio.timeout(60):
            while not client.reader.at_eof() and not client.reader._buffer:  # type: ignore[attr-defined]  # typeshed hides it
                client.writer.write(b"x")
                await asyncio.sleep(0.01)
        assert (await client.reply()).startswith("421 4.4.2 ")


async def test_too_many_connections_are_turned_away() -> None:
    async with (
        stage(StageGate(), limits=SmtpLimits(connections=1)) as port,
        connected(port),
        connected(port, greeted=False) as second,
    ):
        assert await second.reply() == "421 4.3.2 Too many connections\r\n"


async def test_a_client_that_reads_no_replies_is_answered_no_further() -> None:
    async with stage(StageGate()) as port, connected(port) as client:
        client.writer.write(b"HELP\r\n" * 5_000_000)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.writer.drain(), 1)
        client.writer.transport.abort()


async def test_stop_says_goodbye() -> None:
    gate = StageGate()
    async with stage(gate) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.readline()).startswith(b"220 ")
    assert await reader.read() == b"421 4.3.2 Soundstage is stopping\r\n"
    writer.close()


async def test_a_port_in_use_is_an_error() -> None:
    async with stage(StageGate()) as port:
        second = SmtpListener(StageGate(), None, "x", intakes=MemoryIntake)
        with pytest.raises(OSError, match="in use"):
            await second.start("127.0.0.1", port)
