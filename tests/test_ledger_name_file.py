"""The file of names: added to, read again, and never trusted beyond its last whole line."""

import logging
from pathlib import Path

import pytest

from ledger.name_file import FILE, Given, NameFile
from ledger.trouble import LedgerUnavailable

ONE, TWO = Given("198.18.0.1", 1_763_800_000, "api.example.com"), Given("198.18.0.2", 1_763_800_001, "x.example")


def test_what_was_added_is_read(tmp_path: Path) -> None:
    file = NameFile(tmp_path)
    assert file.read() == []
    file.add(ONE)
    file.add(TWO)
    file.close()
    file.close()
    assert NameFile(tmp_path).read() == [ONE, TWO]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_half_a_line_is_passed_over_and_spoils_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text(f"{ONE.line}198.18.0.2 17638")
    file = NameFile(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert file.read() == [ONE]
    assert "1 lines cannot be read" in caplog.text
    file.add(TWO)
    file.close()
    assert NameFile(tmp_path).read() == [ONE, TWO]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="empty"),
        pytest.param("198.18.0.1 soon api.example.com", id="no-time"),
        pytest.param("198.18.0.1 1", id="no-name"),
        pytest.param("198.18.0.1 1 a b", id="two-names"),
        pytest.param("\ufffd\ufffd 1 a b", id="other-letters"),
    ],
)
def test_lines_that_are_none(tmp_path: Path, line: str) -> None:
    (tmp_path / FILE).write_text(f"{line}\n{ONE.line}", encoding="utf-8")
    assert NameFile(tmp_path).read() == [ONE]


def test_rewritten_it_holds_exactly_what_it_was_given(tmp_path: Path) -> None:
    file = NameFile(tmp_path)
    file.add(ONE)
    file.rewrite([TWO])
    file.add(ONE)
    file.close()
    assert NameFile(tmp_path).read() == [TWO, ONE]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_where_it_cannot_be_kept_it_says_so(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    file = NameFile(tmp_path)
    for attempt in (file.read, lambda: file.add(ONE), lambda: file.rewrite([ONE])):
        with pytest.raises(LedgerUnavailable, match=r"the names that addresses were given to, .*names, cannot be kept"):
            attempt()


def test_a_name_of_other_letters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="cannot be kept"):
        NameFile(tmp_path).add(Given("198.18.0.1", 1, "b\u00fccher.example"))
