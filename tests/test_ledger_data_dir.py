"""What becomes of a data directory that was there before, such as one that a backup brought back."""

import stat
from pathlib import Path

from ledger.data_dir import FOLDERS, prepare


def test_what_was_restored_is_its_owners_alone_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    own = [
        data / name for name in ("ledger.sqlite", "ledger.sqlite-wal", "search.sqlite", "masking.key", "admin.token")
    ]
    for folder in (data, *(data / name for name in FOLDERS)):
        folder.mkdir(mode=0o755)
    for file in own:
        file.touch(mode=0o644)
    prepare(data)
    loose = [path for path in (data, *data.iterdir()) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not loose


def test_what_lies_elsewhere_keeps_its_mode(tmp_path: Path) -> None:
    """A key that is mounted from outside is not ours to change."""
    data, mounted = tmp_path / "data", tmp_path / "mounted.key"
    data.mkdir(mode=0o700)
    mounted.touch(mode=0o644)
    (data / "masking.key").symlink_to(mounted)
    prepare(data)
    assert stat.S_IMODE(mounted.stat().st_mode) == 0o644
