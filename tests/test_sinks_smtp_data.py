"""Octets after DATA: the end, the dots, the limit and the flags, however the octets are cut into chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.smtp_data import SmtpData


def decode(chunks: list[bytes], limit: int = 10**9) -> tuple[bytes, bytes | None, SmtpData]:
    out: list[bytes] = []
    data = SmtpData(limit, out.append)
    rest = None
    for chunk in chunks:
        rest = data.feed(chunk) if rest is None else rest + chunk
    return b"".join(out), rest, data


@pytest.mark.parametrize(
    ("sent", "message", "rest"),
    [
        pytest.param(b"A: b\r\n\r\nhi\r\n.\r\nQUIT\r\n", b"A: b\r\n\r\nhi\r\n", b"QUIT\r\n", id="ended"),
        pytest.param(b".\r\n", b"", b"", id="empty"),
        pytest.param(b"..\r\n.\r\n", b".\r\n", b"", id="dot-at-the-very-start"),
        pytest.param(b"a\r\n..b\r\n...\r\n.\r\n", b"a\r\n.b\r\n..\r\n", b"", id="dots-unstuffed"),
        pytest.param(b"a\r\n.b\r\n.\r\n", b"a\r\nb\r\n", b"", id="single-dot-dropped"),
        pytest.param(b"a\n.\nMAIL\r\n.\r\n", b"a\n.\nMAIL\r\n", b"", id="lf-dot-lf-is-no-end"),
        pytest.param(b"a\r\n.\nMAIL\r\n.\r\n", b"a\r\n\nMAIL\r\n", b"", id="crlf-dot-lf-is-no-end"),
        pytest.param(b"a\n.\r\nMAIL\r\n.\r\n", b"a\n.\r\nMAIL\r\n", b"", id="lf-dot-crlf-is-no-end"),
        pytest.param(b"a\r.\rMAIL\r\n.\r\n", b"a\r.\rMAIL\r\n", b"", id="cr-dot-cr-is-no-end"),
        pytest.param(b"a\r\n.\rMAIL\r\n.\r\n", b"a\r\n\rMAIL\r\n", b"", id="crlf-dot-cr-is-no-end"),
        pytest.param(b"a\r.\r\nMAIL\r\n.\r\n", b"a\r.\r\nMAIL\r\n", b"", id="cr-dot-crlf-is-no-end"),
        pytest.param(b"a\n..\r\n.\r\n", b"a\n..\r\n", b"", id="dots-after-lf-stay"),
        pytest.param(b"a\r\n\0.\r\n.\r\n", b"a\r\n\0.\r\n", b"", id="nul-before-dot-is-no-end"),
        pytest.param(b"a\r\n.", b"a", None, id="not-ended"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_the_end_and_the_dots(sent: bytes, message: bytes, rest: bytes | None, size: int) -> None:
    got, after, _ = decode([sent[start : start + size] for start in range(0, len(sent), size)])
    assert (got, after) == (message, rest)


def stuffed(message: bytes) -> bytes:
    return (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"a", b"\0", b"\xff"])), st.data())
def test_what_was_stuffed_comes_back_however_it_is_cut(pieces: list[bytes], data: st.DataObject) -> None:
    message = b"".join(pieces)
    message += b"" if message.endswith(b"\r\n") or not message else b"\r\n"
    sent = stuffed(message) + b"RSET\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    chunks = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    got, rest, _ = decode(chunks)
    assert (got, rest) == (message, b"RSET\r\n")


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\xff", b"x" * 9000])), st.integers(0, 20))
def test_a_newline_is_odd_unless_every_cr_stands_before_a_lf_and_every_lf_after_a_cr(
    pieces: list[bytes], cut: int
) -> None:
    message = b"".join([*pieces, b"\r\n"])
    sent = stuffed(message)
    got, _, data = decode([sent[:cut], sent[cut:]])
    assert got == message
    even = message.count(b"\r") == message.count(b"\n") == message.count(b"\r\n")
    assert ("bare_newline" in data.flags) is not even


@pytest.mark.parametrize(
    ("message", "flags"),
    [
        pytest.param(b"A: b\r\n", (), id="clean"),
        pytest.param(b"A: " + b"x" * 995 + b"\r\n", (), id="line-of-1000"),
        pytest.param(b"A: " + b"x" * 996 + b"\r\n", ("line_too_long",), id="line-of-1001"),
        pytest.param(b"A: b\r\n" * 5000, (), id="many-short-lines"),
        pytest.param(
            b"A: b\r\n" * 300 + b"y" * 1001 + b"\r\n" + b"A: b\r\n" * 300, ("line_too_long",), id="long-amid-short"
        ),
        pytest.param(b"A: b\0\r\n", ("nul",), id="nul"),
        pytest.param(b"A: \xe9\r\n", ("eight_bit",), id="eight-bit"),
        pytest.param(b"A: b\nc\r\n", ("bare_newline",), id="bare-lf"),
        pytest.param(b"A: b\rc\r\n", ("bare_newline",), id="bare-cr"),
        pytest.param(b"A: b\r\r\n\n", ("bare_newline",), id="cr-cr-lf-lf"),
        pytest.param(b"hello world\r\n", ("malformed",), id="no-head"),
        pytest.param(b"x" * 1000 + b": y\r\n", ("malformed", "line_too_long"), id="colon-beyond-a-line"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 999, 1000, 100_000])
def test_flags(message: bytes, flags: tuple[str, ...], size: int) -> None:
    sent = stuffed(message)
    *_, data = decode([sent[start : start + size] for start in range(0, len(sent), size)])
    assert data.flags == flags


def test_beyond_the_limit_nothing_is_handed_on_and_the_end_is_still_found() -> None:
    out, rest, data = decode([b"A: b\r\n"] * 100 + [b".\r\nQUIT\r\n"], limit=60)
    assert len(out) <= 60
    assert rest == b"QUIT\r\n"
    assert data.oversize
    assert data.flags == ("oversize",)


def test_a_line_that_never_ends_holds_nothing_back() -> None:
    data = SmtpData(10**6, lambda octets: None)
    for _ in range(100):
        assert data.feed(b"x" * 65536) is None
        assert len(data._pending) <= 4
    assert data.oversize
