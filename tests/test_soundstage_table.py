"""Tables: aligned, cut, and safe to print whatever was captured."""

import pytest
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


@pytest.mark.parametrize("command", ["##vso[task.setvariable variable=PATH]x", "##[stop-commands]x", "###teamcity[x]"])
def test_no_log_is_obeyed(command: str) -> None:
    """CIs look for these anywhere in what a step prints, and what was captured is printed."""
    assert "##" not in printable(f"Welcome {command}").replace("#\\x23", "")
    assert printable("## a heading") == "## a heading"
