"""Tables: aligned, cut, and safe to print whatever was captured."""

from hypothesis import given
from hypothesis import strategies as st

from soundstage.table import WIDEST, printable, table


def test_columns_are_aligned() -> None:
    assert table(("a", "id"), [("x", "1"), ("long", "22")]) == "a     id\nx     1\nlong  22"


def test_long_cell_is_cut_but_the_last_is_not() -> None:
    drawn = table(("a", "id"), [("x" * 100, "y" * 100)]).splitlines()[1]
    assert drawn == "x" * (WIDEST - 1) + "…  " + "y" * 100


@given(st.text())
def test_terminal_obeys_nothing(text: str) -> None:
    assert printable(text).isprintable()


def test_escape_sequence_is_shown() -> None:
    assert printable("a\x1b[2Jb\u202e") == "a\\x1b[2Jb\\u202e"
