"""What is said to a relay of an envelope, and which mails are not relayed at all."""

from collections.abc import Mapping

import pytest

from policies.body import Body
from policies.mail import Mail
from sinks.passage import nobody
from sinks.relay_envelope import NotRelayed, check, mail_command, rcpt_commands, read_via

HELLO = Body.of(b"hello")
EVERYTHING = {"SIZE": "1", "8BITMIME": "", "SMTPUTF8": "", "DSN": ""}


def mail(
    sender: str = "a@shop.test",
    recipients: tuple[str, ...] = ("b@qa.test",),
    options: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    body: Body = HELLO,
    head: bytes = b"",
) -> Mail:
    own = tuple(("NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;x") for _ in recipients)
    return Mail(
        sender, recipients, body, "127.0.0.1", "smtp", 25,
        sender_options=options, recipient_options=own, flags=flags, head=head,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("via", "read"),
    [
        pytest.param("smtp://relay.internal", ("smtp", "relay.internal", 25), id="default-port"),
        pytest.param("smtp://relay.internal:2525", ("smtp", "relay.internal", 2525), id="port"),
        pytest.param("smtps://relay.internal", ("smtps", "relay.internal", 465), id="tls"),
        pytest.param("smtp://[::1]:26", ("smtp", "::1", 26), id="ipv6"),
    ],
)
def test_via(via: str, read: tuple[str, str, int]) -> None:
    assert read_via(via) == read


@pytest.mark.parametrize(
    "via", [None, "", "http://x", "smtp://", "smtp://x:99999", "smtp://u:p@relay.internal", "relay:25"]
)
def test_a_bad_via_is_refused(via: str | None) -> None:
    with pytest.raises(NotRelayed, match="via"):
        read_via(via)


@pytest.mark.parametrize(
    "address",
    [
        "x%customer.com@qa.test", "customer.com!x@qa.test", '"x@customer.com"@qa.test', "x@customer.com@qa.test",
        "@customer.com:x@qa.test", "x,y@qa.test", "x@qa.test>", "x@qa .test", "x@qa_test", "root", "x@", "@qa.test",
        "<x@qa.test", "x(comment)@qa.test", "x\\@qa.test", "x@stra\u00dfe.test",
    ],
)  # fmt: skip
def test_an_address_a_relay_may_read_otherwise_is_not_relayed(address: str) -> None:
    with pytest.raises(NotRelayed, match="A relay may read the address"):
        check(mail(recipients=("b@qa.test", address)), nobody)


@pytest.mark.parametrize("address", ["b@qa.test", "b+tag@qa.test", "o'b@q-a.test", "jörg@bücher.test", "b@[192.0.2.1]"])
def test_ordinary_addresses_are_relayed(address: str) -> None:
    check(mail(recipients=(address,)), nobody)


@pytest.mark.parametrize(("flag", "why"), [("bare_newline", "bare CR or LF"), ("nul", "holds a NUL")])
def test_a_mail_that_a_relay_may_take_for_two_is_not_relayed(flag: str, why: str) -> None:
    with pytest.raises(NotRelayed, match=why):
        check(mail(flags=(flag,)), nobody)


@pytest.mark.parametrize(
    ("options", "offers", "ascii_content", "line"),
    [
        pytest.param((), {}, True, "MAIL FROM:<a@shop.test>", id="bare"),
        pytest.param((), {"SIZE": ""}, True, "MAIL FROM:<a@shop.test> SIZE=5", id="size"),
        pytest.param(("SIZE=999",), EVERYTHING, False, "MAIL FROM:<a@shop.test> SIZE=5 BODY=8BITMIME", id="eight-bit"),
        pytest.param(("SMTPUTF8",), EVERYTHING, True, "MAIL FROM:<a@shop.test> SIZE=5 SMTPUTF8", id="utf-8"),
        pytest.param(
            ("RET=HDRS", "ENVID=q", "AUTH=<>"),
            EVERYTHING,
            True,
            "MAIL FROM:<a@shop.test> SIZE=5",
            id="no-report-is-asked-for",
        ),
        pytest.param(("RET=HDRS",), {}, True, "MAIL FROM:<a@shop.test>", id="dsn-not-offered"),
    ],
)
def test_mail_lines(options: tuple[str, ...], offers: Mapping[str, str], ascii_content: bool, line: str) -> None:
    assert mail_command(mail(options=options), offers, ascii_content) == line


@pytest.mark.parametrize(
    ("sender", "ascii_content", "why"),
    [pytest.param("a@b.test", False, "8-bit", id="eight-bit"), pytest.param("é@b.test", True, "ASCII", id="utf-8")],
)
def test_what_a_relay_cannot_take_is_not_sent(sender: str, ascii_content: bool, why: str) -> None:
    with pytest.raises(NotRelayed, match=why):
        mail_command(mail(sender), {}, ascii_content)


def test_one_line_a_recipient() -> None:
    assert rcpt_commands(mail(recipients=("b@qa.test", "c@qa.test")), {}) == [
        "RCPT TO:<b@qa.test>",
        "RCPT TO:<c@qa.test>",
    ]


def test_the_relay_reports_to_nobody() -> None:
    """A report goes to the sender, who may be anybody, and holds the mail."""
    assert rcpt_commands(mail("c@customer.com"), EVERYTHING) == ["RCPT TO:<b@qa.test> NOTIFY=NEVER"]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b'X-SMTPAPI: {"to": ["c@customer.com"]}', id="sendgrid"),
        pytest.param(b"x-smtpapi :\r\n {}", id="small-letters-and-space"),
        pytest.param(b"X-MC-BccAddress: c@customer.com", id="mandrill"),
        pytest.param(b'X-MSYS-API: {"bcc": []}', id="sparkpost"),
        pytest.param(b"X-SMTPAPI\r\n : {}", id="folded-before-its-colon"),
        pytest.param(b"\x0bX-SMTPAPI\xa0: {}", id="spaces-that-some-strip"),
    ],
)
def test_a_header_that_may_name_more_recipients_is_not_relayed(header: bytes) -> None:
    message = b"Subject: hi\r\n" + header + b"\r\n\r\nhello"
    for one in (mail(body=Body.of(message)), mail(body=Body(None, len(message), ""), head=message)):
        with pytest.raises(NotRelayed, match="may name more recipients than its envelope"):
            check(one, nobody)


def test_a_header_after_empty_lines_is_looked_at() -> None:
    with pytest.raises(NotRelayed, match="X-SMTPAPI may name more"):
        check(mail(body=Body.of(b"\r\n\r\nX-SMTPAPI: {}\r\n\r\nhello")), nobody)


@pytest.mark.parametrize("message", [b"Subject: X-SMTPAPI: no\r\n\r\nX-SMTPAPI: no\r\n", b"\r\nhello\r\n"])
def test_such_a_name_in_the_text_is_no_header(message: bytes) -> None:
    check(mail(body=Body.of(message)), nobody)


def test_a_header_longer_than_is_looked_at_is_not_relayed() -> None:
    with pytest.raises(NotRelayed, match="header is longer than the 4 octets"):
        check(mail(body=Body(None, 100_000, ""), head=b"A: b"), nobody)
