"""Synced: what a file system without syncs of folders is told."""

import errno
from pathlib import Path

import pytest

from ledger.synced import sync_folder


def test_a_file_system_that_syncs_no_folders_is_used_all_the_same() -> None:
    sync_folder(Path("/proc"))


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere") as caught:
        sync_folder(tmp_path / "nowhere")
    assert caught.value.errno == errno.ENOENT
