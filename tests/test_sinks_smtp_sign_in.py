"""SMTP under TLS and signing in, with smtplib and octet for octet, on real sockets."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path

import pytest
from smtp_stage import MemoryIntake, StageGate, connected, server_context, stage

from policies.http_request import RunClaim

ENVELOPE = b"MAIL FROM:<a@shop.test>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
OPEN = "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"
KEPT = "250 2.0.0 Ok: queued as cap-1\r\n"


async def test_starttls_forgets_what_was_said_in_the_clear(tmp_path: Path) -> None:
    server, trusting = server_context(tmp_path)
    gate = StageGate()
    async with stage(gate, tls=server) as port, connected(port) as client:
        assert "250-STARTTLS\r\n" in await client.say(b"EHLO clear\r\n")
        await client.say(b"AUTH PLAIN AHJ1bi0xAHRva2Vu\r\n")
        # What is pipelined after STARTTLS was said by whoever sits in between, and must not be answered under TLS.
        assert await client.say(b"STARTTLS\r\nMAIL FROM:<injected@x.test>\r\n") == "220 2.0.0 Ready to start TLS\r\n"
        await client.writer.start_tls(trusting, server_hostname="stage.test")
        assert await client.say(b"MAIL FROM:<a@b>\r\n") == "503 5.5.1 Send EHLO or HELO first\r\n"
        assert "STARTTLS" not in await client.say(b"EHLO secret\r\n")
        assert await client.say(b"STARTTLS\r\n") == "503 5.5.1 TLS is in use already\r\n"
        assert await client.say(ENVELOPE + b"A: b\r\n.\r\n", 4) == OPEN + KEPT
    (mail,) = gate.mails
    assert (mail.tls, mail.helo, mail.protocol, mail.claim) == ("TLSv1.3", "secret", "smtp", None)


async def test_a_failed_handshake_ends_the_connection(tmp_path: Path) -> None:
    server, _ = server_context(tmp_path)
    async with stage(StageGate(), tls=server) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        await client.say(b"STARTTLS\r\n")
        client.writer.write(b"MAIL FROM:<a@b>\r\n" * 10)
        with pytest.raises((ConnectionError, TimeoutError, AssertionError)):
            assert b"250" in await asyncio.wait_for(client.reader.read(), 60)


def login(smtp: smtplib.SMTP, mechanism: str) -> None:
    smtp.ehlo()
    smtp.user, smtp.password = "run-1", "s3cret-token"
    if mechanism == "XOAUTH2":
        smtp.auth(mechanism, lambda _=None: "user=run-1\x01auth=Bearer s3cret-token\x01\x01")
    else:
        smtp.auth(mechanism, getattr(smtp, "auth_" + mechanism.lower().replace("-", "_")))


@pytest.mark.parametrize("initial", [True, False], ids=["initial-response", "asked"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"])
@pytest.mark.parametrize("how", ["clear", "starttls", "implicit"])
async def test_smtplib_signs_in(mechanism: str, how: str, initial: bool, tmp_path: Path) -> None:
    server, trusting = server_context(tmp_path, "127.0.0.1")
    gate = StageGate()

    def send(port: int) -> None:
        smtp = (
            smtplib.SMTP_SSL("127.0.0.1", port, context=trusting, timeout=60)
            if how == "implicit"
            else smtplib.SMTP("127.0.0.1", port, timeout=60)
        )
        with smtp:
            if how == "starttls":
                smtp.starttls(context=trusting)
            if initial:
                login(smtp, mechanism)
            else:
                asked(smtp, mechanism)
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = "a@shop.test", "b@example.com", "hi"
            message.set_content("hello")
            smtp.send_message(message)

    async with stage(gate, tls=server, implicit_tls=how == "implicit") as port:
        await asyncio.to_thread(send, port)
    (mail,) = gate.mails
    assert mail.claim is not None
    assert mail.claim.run == "run-1"
    if mechanism == "CRAM-MD5":
        assert mail.claim.token.startswith("cram-md5:<")
    else:
        assert mail.claim == RunClaim("run-1", "s3cret-token")
    assert (mail.protocol, mail.tls is not None) == ("smtps" if how == "implicit" else "smtp", how != "clear")
    for secret in ("s3cret", "cnVuLTE", "czNjcmV0", "AHJ1bi0x", mail.claim.token):
        assert secret not in mail.transcript


def asked(smtp: smtplib.SMTP, mechanism: str) -> None:
    smtp.ehlo()
    smtp.user, smtp.password = "run-1", "s3cret-token"
    if mechanism == "XOAUTH2":
        smtp.auth(mechanism, lambda _=None: "user=run-1\x01auth=Bearer s3cret-token\x01\x01", initial_response_ok=False)
    elif mechanism == "LOGIN":
        answers = iter(["run-1", "s3cret-token"])
        smtp.auth(mechanism, lambda _=None: next(answers), initial_response_ok=False)
    else:
        method = getattr(smtp, "auth_" + mechanism.lower().replace("-", "_"))
        smtp.auth(mechanism, method, initial_response_ok=False)


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        pytest.param(b"AUTH NTLM\r\n", "504 5.5.4 ", id="not-offered"),
        pytest.param(b"AUTH PLAIN !!!\r\n", "501 5.5.2 The response is not valid base64", id="bad-base64"),
        pytest.param(b"AUTH PLAIN YQ==\r\n", "501 5.5.2 A PLAIN response", id="no-nul"),
        pytest.param(b"AUTH XOAUTH2 YQ==\r\n", "501 5.5.2 A XOAUTH2 response", id="no-fields"),
        pytest.param(b"AUTH LOGIN\r\n*\r\n", "334 VXNlcm5hbWU6\r\n501 5.7.0 Authentication cancelled", id="cancelled"),
        pytest.param(
            b"AUTH PLAIN AHUAcA==\r\nAUTH PLAIN AHUAcA==\r\n",
            "235 2.7.0 Authentication successful\r\n503 5.5.1",
            id="twice",
        ),
    ],
)
async def test_sign_in_that_fails(sent: bytes, reply: str) -> None:
    async with stage(StageGate()) as port, connected(port) as client:
        await client.say(b"EHLO x\r\n")
        assert (await client.say(sent, reply.count("\r\n") + 1)).startswith(reply)
        assert await client.say(b"NOOP\r\n") == "250 2.0.0 Ok\r\n"


def test_a_listener_under_tls_needs_a_certificate() -> None:
    from sinks.smtp_listener import SmtpListener

    listener = SmtpListener(StageGate(), None, "x", intakes=MemoryIntake)
    with pytest.raises(ValueError, match="certificate"):
        asyncio.run(listener.start("127.0.0.1", 0, implicit_tls=True))


def test_contexts_are_real(tmp_path: Path) -> None:
    server, trusting = server_context(tmp_path)
    assert server.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert trusting.verify_mode is ssl.CERT_REQUIRED
