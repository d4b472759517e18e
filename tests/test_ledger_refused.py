"""How far refused packets are on record, across restarts and rules that count from nought, and their sums."""

from pathlib import Path

import pytest

from ledger.refused import FILE, RefusedAccount


def test_what_is_on_record_is_not_told_again(tmp_path: Path) -> None:
    account = RefusedAccount(tmp_path)
    account.add("udp", 3)
    assert account.unseen({"udp": 5, "icmp": 0}) == {"udp": 2}
    account.add("udp", 2)
    assert account.unseen({"udp": 5, "icmp": 1}) == {"icmp": 1}


def test_a_restart_goes_on(tmp_path: Path) -> None:
    account = RefusedAccount(tmp_path)
    account.add("udp", 3)
    account.unseen({"udp": 3})
    account.save()
    assert RefusedAccount(tmp_path).unseen({"udp": 4}) == {"udp": 1}
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_rules_put_in_force_anew_count_from_nought(tmp_path: Path) -> None:
    account = RefusedAccount(tmp_path)
    account.add("udp", 3)
    account.unseen({"udp": 3})
    assert account.unseen({"udp": 2}) == {"udp": 2}


def test_more_on_record_than_counted_is_no_new_count(tmp_path: Path) -> None:
    """A packet that was told by its number and is read after all."""
    account = RefusedAccount(tmp_path)
    account.unseen({"udp": 2})
    account.add("udp", 3)
    assert account.unseen({"udp": 2}) == {}
    assert account.unseen({"udp": 4}) == {"udp": 1}


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"told": 3, "counted": {"udp": "x"}}'])
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, kept: str) -> None:
    (tmp_path / FILE).write_text(kept)
    assert RefusedAccount(tmp_path).unseen({"udp": 1}) == {"udp": 1}
