"""The session as a machine: lines in, replies out, and what is never said back or written down."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.body import Body
from policies.http_request import RunClaim
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_mail import mail_of
from sinks.smtp_session import Next, SmtpSession


def session(*lines: bytes) -> SmtpSession:
    begun = SmtpSession("stage.test", SmtpLimits(), starttls=True)
    begun.greeting()
    for line in lines:
        begun.command(line)
    return begun


@given(st.lists(st.binary(max_size=80).filter(lambda line: b"\n" not in line), max_size=20))
def test_any_lines_get_one_well_formed_reply_each(lines: list[bytes]) -> None:
    going = session(b"EHLO x")
    for line in lines:
        reply, after = going.command(line)
        assert reply.endswith(b"\r\n")
        assert reply[:3].isdigit()
        assert b"\n" not in reply.replace(b"\r\n", b"")
        if after is Next.CLOSE:
            break
    going.transcript.text()


@given(st.text(min_size=6, max_size=40).filter(lambda text: "\0" not in text and not text.isdigit()))
def test_a_password_is_nowhere_but_in_the_claim(password: str) -> None:
    word = f"pass-{password}-word"
    response = base64.b64encode(b"\0run-1\0" + word.encode("utf-8", "replace"))
    for lines in ((b"AUTH PLAIN " + response,), (b"AUTH PLAIN", response), (b"auth plain " + response,), (response,)):
        going = session(b"EHLO x", *lines)
        assert word not in going.transcript.text()
        assert response.decode() not in going.transcript.text()
        if len(lines) > 1 or lines[0] != response:
            assert going.claim is not None
            assert going.claim.run == "run-1"


def test_starttls_is_offered_until_it_is_used() -> None:
    going = session(b"EHLO x", b"AUTH PLAIN AHUAcA==")
    assert going.claim == RunClaim("u", "p")
    assert going.command(b"STARTTLS") == (b"220 2.0.0 Ready to start TLS\r\n", Next.TLS)
    going.secured("TLSv1.3")
    assert [going.claim, going.helo, going.sender] == [None, "", None]
    assert b"STARTTLS" not in going.command(b"EHLO x")[0]
    assert "-: TLSv1.3 begins" in going.transcript.text()


def test_ehlo_and_rset_end_a_transaction() -> None:
    for ending in (b"RSET", b"EHLO again", b"HELO again"):
        going = session(b"EHLO x", b"MAIL FROM:<a@b>", b"RCPT TO:<c@d>", ending)
        assert [going.sender, going.recipients] == [None, []]


def test_a_second_sender_is_refused_and_the_first_stands() -> None:
    going = session(b"EHLO x", b"MAIL FROM:<a@b>")
    assert going.command(b"MAIL FROM:<x@y>")[0] == b"503 5.5.1 A transaction is open already\r\n"
    assert going.sender is not None
    assert going.sender.address == "a@b"


def test_data_without_a_valid_recipient() -> None:
    going = session(b"EHLO x", b"MAIL FROM:<a@b>", b"RCPT TO:<>")
    assert going.command(b"DATA") == (b"554 5.5.1 No valid recipients\r\n", Next.COMMAND)


def test_a_transcript_is_of_this_mail_and_bounded() -> None:
    going = session(b"EHLO x", b"MAIL FROM:<first@b>", b"RCPT TO:<c@d>")
    going.reset()
    going.command(b"MAIL FROM:<second@b>")
    for number in range(5000):
        going.command(b"RCPT TO:<c%d@d>" % number)
    text = going.transcript.text()
    assert "first@b" not in text
    assert text.startswith("S: 220 stage.test ESMTP Soundstage\nC: EHLO x\n")
    assert text.count("\n") < 2100


@pytest.mark.parametrize(
    ("sender", "flags", "kept"),
    [
        pytest.param(b"MAIL FROM:<a@b>", ("eight_bit", "nul"), ("eight_bit", "nul"), id="7-bit-was-promised"),
        pytest.param(b"MAIL FROM:<a@b> BODY=8bitmime", ("eight_bit", "nul"), ("nul",), id="8bitmime"),
        pytest.param(b"MAIL FROM:<a@b> SMTPUTF8", ("eight_bit",), (), id="smtputf8"),
    ],
)
def test_eight_bit_is_odd_only_where_it_was_not_announced(
    sender: bytes, flags: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    going = session(b"EHLO x", sender, b"RCPT TO:<c@d>")
    assert mail_of(going, Body.of(b""), flags, source="10.0.0.1", protocol="smtp", port=25).flags == kept
