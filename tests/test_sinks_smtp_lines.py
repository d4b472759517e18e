"""Lines out of pieces, within a limit."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.smtp_lines import OVERLONG, SmtpLines


def all_lines(lines: SmtpLines) -> list[bytes]:
    return list(iter(lines.next, None))


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and b"\r" not in line)), st.data())
def test_lines_come_out_however_they_are_cut(expected: list[bytes], data: st.DataObject) -> None:
    sent = b"".join(line + b"\r\n" for line in expected)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=5)))
    lines = SmtpLines(100)
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        lines.add(sent[start:end])
        got += all_lines(lines)
    assert got == expected


def test_a_line_that_is_too_long_is_dropped_and_said() -> None:
    lines = SmtpLines(10)
    for _ in range(50):
        lines.add(b"x" * 9)
        assert lines.next() is None
        assert len(lines) <= 10
    lines.add(b"\r\nNOOP\n")
    assert all_lines(lines) == [OVERLONG, b"NOOP"]


def test_what_is_taken_is_gone() -> None:
    lines = SmtpLines(10)
    lines.add(b"DATA\r\nrest\r\n")
    assert (lines.next(), lines.take(), lines.next()) == (b"DATA", b"rest\r\n", None)
