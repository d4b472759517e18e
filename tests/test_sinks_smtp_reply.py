"""Replies on the wire: any text, one well-formed reply."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.reply import Reply
from sinks.smtp_reply import status_lines, wire


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        pytest.param("2.0.0 Ok", b"250 2.0.0 Ok\r\n", id="one-line"),
        pytest.param("", b"250 Ok\r\n", id="empty"),
        pytest.param("a\r\nb", b"250-a\r\n250 b\r\n", id="two-lines"),
        pytest.param("é\0", b"250 ??\r\n", id="not-ascii"),
        pytest.param("x " * 300, b"250-" + b"x " * 199 + b"x\r\n250 " + b"x " * 99 + b"x\r\n", id="wrapped"),
    ],
)
def test_lines(text: str, octets: bytes) -> None:
    assert status_lines(250, text) == octets


@given(st.text())
def test_no_text_breaks_out_of_its_reply(text: str) -> None:
    assert re.fullmatch(rb"(554-[ -~]{0,400}\r\n)*554 [ -~]{0,400}\r\n", status_lines(554, text))


def test_a_reply_keeps_its_status() -> None:
    assert wire(Reply(fidelity="real", status=421, body=b"4.3.2 later")) == b"421 4.3.2 later\r\n"
