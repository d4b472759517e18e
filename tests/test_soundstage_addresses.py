"""addresses.json: what is written is what is read, and what is said where there is none."""

import os
import stat
from pathlib import Path

import pytest

from soundstage import addresses
from soundstage.addresses import Addresses
from soundstage.trouble import Unanswered

SAMPLE = Addresses(
    proxy="127.0.0.1:1", https="127.0.0.1:2", http="127.0.0.1:3", dns="127.0.0.1:4", smtp="127.0.0.1:5",
    smtps="127.0.0.1:6", dashboard="http://127.0.0.1:7", ca="/data/ca.pem",
)  # fmt: skip


def test_written_is_read_and_nothing_else_lies_about(tmp_path: Path) -> None:
    addresses.write(tmp_path, SAMPLE)
    assert addresses.read(tmp_path) == SAMPLE
    assert [file.name for file in tmp_path.iterdir()] == ["addresses.json"]


def test_no_umask_lets_others_write_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        addresses.write(tmp_path, SAMPLE)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "addresses.json").stat().st_mode) == 0o644


def test_removed_at_stop(tmp_path: Path) -> None:
    addresses.write(tmp_path, SAMPLE)
    addresses.remove(tmp_path)
    addresses.remove(tmp_path)
    with pytest.raises(Unanswered, match=r"no Soundstage runs on .*: it has no addresses\.json"):
        addresses.read(tmp_path)


def test_half_a_file_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "addresses.json").write_text('{"proxy": ')
    with pytest.raises(Unanswered, match="cannot be read"):
        addresses.read(tmp_path)


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        pytest.param("127.0.0.1", 80, "127.0.0.1:80", id="v4"),
        pytest.param("::1", 80, "[::1]:80", id="v6-in-brackets"),
    ],
)
def test_shown(host: str, port: int, text: str) -> None:
    assert addresses.shown(host, port) == text


def test_what_listens_on_every_address_is_reached_by_one() -> None:
    everywhere = SAMPLE.model_copy(update={"proxy": "0.0.0.0:1", "dashboard": "http://0.0.0.0:7", "smtp": "[::]:5"})
    seen = everywhere.seen_from("10.0.0.2")
    assert (seen.proxy, seen.dashboard, seen.smtp) == ("10.0.0.2:1", "http://10.0.0.2:7", "10.0.0.2:5")
    assert seen.https == SAMPLE.https
