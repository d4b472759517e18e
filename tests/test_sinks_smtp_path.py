"""Paths and parameters of MAIL and RCPT."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.smtp_path import MAIL_OPTIONS, RCPT_OPTIONS, BadPath, SmtpPath, read_path


@pytest.mark.parametrize(
    ("argument", "path"),
    [
        pytest.param(b"FROM:<a@b.test>", SmtpPath("a@b.test"), id="plain"),
        pytest.param(b"from: <a@b.test>", SmtpPath("a@b.test"), id="space-after-colon"),
        pytest.param(b"FROM:a@b.test SIZE=3", SmtpPath("a@b.test", ("SIZE=3",)), id="without-brackets"),
        pytest.param(b"FROM:<>", SmtpPath(""), id="null-sender"),
        pytest.param(b"FROM:<> BODY=8BITMIME SMTPUTF8", SmtpPath("", ("BODY=8BITMIME", "SMTPUTF8")), id="options"),
        pytest.param(b'FROM:<"a >b"@c.test> RET=full', SmtpPath('"a >b"@c.test', ("RET=full",)), id="quoted-bracket"),
        pytest.param(b'FROM:<"a\\"> b"@c.test>', SmtpPath('"a\\"> b"@c.test'), id="escaped-quote"),
        pytest.param(b'FROM:"a b"@c.test SIZE=1', SmtpPath('"a b"@c.test', ("SIZE=1",)), id="quoted-without-brackets"),
        pytest.param(b"FROM:<@relay.test,@other.test:a@b.test>", SmtpPath("a@b.test"), id="source-route-ignored"),
        pytest.param(
            "FROM:<jörg@bücher.test> SMTPUTF8".encode(), SmtpPath("jörg@bücher.test", ("SMTPUTF8",)), id="utf-8"
        ),
        pytest.param(b"FROM:<root>", SmtpPath("root"), id="no-domain"),
    ],
)
def test_paths(argument: bytes, path: SmtpPath) -> None:
    assert read_path(argument, "FROM:", MAIL_OPTIONS) == path


@pytest.mark.parametrize(
    ("argument", "reply"),
    [
        pytest.param(b"<a@b>", "501 5.5.4 Syntax: FROM:<address>", id="no-keyword"),
        pytest.param(b"FROM:<a@b", "501 5.1.7 The address has no closing >", id="no-closing"),
        pytest.param(b'FROM:<"a@b>', "501 5.1.7 The address has no closing > or quote", id="no-closing-quote"),
        pytest.param(b"FROM:<a b@c>", "501 5.1.7 The address holds a space or <", id="space"),
        pytest.param(b"FROM:<a\0@c>", "501 5.5.2 The argument holds a control character", id="nul"),
        pytest.param(b"FROM:<a\rRCPT TO:<x@y>@c>", "501 5.5.2 The argument holds a control character", id="bare-cr"),
        pytest.param(b"FROM:<\xff@c>", "501 5.5.2 The argument is not valid UTF-8", id="no-utf-8"),
        pytest.param(b"FROM:<" + b"a" * 1001 + b">", "501 5.1.7 The address is longer than 1000 characters", id="long"),
        pytest.param(b"FROM:<a@b> X=1", "555 5.5.4 The parameter X is not supported", id="unknown-parameter"),
        pytest.param(b"FROM:<a@b> SIZE=x", "501 5.5.4 The parameter SIZE has no valid value", id="bad-size"),
        pytest.param(
            b"FROM:<a@b> SIZE=" + b"9" * 5000, "501 5.5.4 The parameter SIZE has no valid value", id="huge-size"
        ),
        pytest.param(b"FROM:<a@b> SMTPUTF8=", "501 5.5.4 The parameter SMTPUTF8 has no valid value", id="empty-value"),
        pytest.param(b"FROM:<a@b> NOTIFY=NEVER", "555 5.5.4 The parameter NOTIFY is not supported", id="of-rcpt"),
    ],
)
def test_what_is_refused(argument: bytes, reply: str) -> None:
    with pytest.raises(BadPath) as refused:
        read_path(argument, "FROM:", MAIL_OPTIONS)
    assert str(refused.value) == reply


def test_options_are_found_whatever_their_case() -> None:
    path = read_path(b"TO:<a@b> notify=NEVER ORCPT=rfc822;a@b", "TO:", RCPT_OPTIONS)
    assert (path.option("NOTIFY"), path.option("ORCPT"), path.option("SIZE")) == ("NEVER", "rfc822;a@b", None)


@given(st.binary(max_size=300))
def test_any_octets_are_a_path_or_a_refusal(octets: bytes) -> None:
    with suppress(BadPath):
        assert read_path(b"TO:" + octets, "TO:", RCPT_OPTIONS).address.isprintable()
