"""DataDir: the one directory everything durable lives in: who may read it, and that only one gateway writes to it."""

import contextlib
import fcntl
import os
import secrets
import stat
from pathlib import Path
from types import TracebackType

from ledger.synced import make_file, make_folder, sync_folder
from ledger.trouble import LedgerUnavailable

FOLDERS = ("bodies", "incoming")
FILES = (
    "ledger.sqlite",
    "up.lock",
    "gateway.lock",
    "admin.token",
    "masking.key",
    "objects.key",
    "runs.key",
    "ca.pem",
    "ca.key",
)
"""By any of them a directory is known as Soundstage's."""
_DATABASES = ("ledger.sqlite", "search.sqlite")
"""With what SQLite keeps beside them."""
_PUBLIC = "ca.pem"


def prepare(path: Path) -> Path:
    """Make the data directory (0700) with its folders and return it resolved.

    Raises LedgerUnavailable with the path where it cannot be made or written: nothing could be recorded there.
    """
    path = path.absolute()
    try:
        make_folder(path)
        _refuse_foreign(path)
        path.chmod(0o700)
        for name in FOLDERS:
            (path / name).mkdir(exist_ok=True, mode=0o700)
        # Also what an earlier start made that was killed: on all that is there others will build.
        for made in (path, path / FOLDERS[0]):
            sync_folder(made)
        _close(path)
        _prove_writable(path)
    except OSError as error:
        raise LedgerUnavailable(
            f"the data directory {path} cannot be used ({error.strerror or error}); "
            "point SOUNDSTAGE_DATA_DIR at a directory this user may write to"
        ) from error
    return path


def _refuse_foreign(path: Path) -> None:
    """Somebody's home or /tmp, named by mistake, would be closed to everybody but us."""
    if stat.S_IMODE(path.stat().st_mode) == 0o700:
        return
    found = {entry.name for entry in path.iterdir()} - {"lost+found"}
    if found and found.isdisjoint((*FOLDERS, *FILES)):
        raise LedgerUnavailable(
            f"the data directory {path} holds other things ({', '.join(sorted(found)[:3])}); "
            "give Soundstage one of its own: it is closed to all other users"
        )


def _close(path: Path) -> None:
    """What a backup brought back may be readable for others. What a link leads to lies elsewhere, and is not ours."""
    for entry in path.iterdir():
        known = entry.name in (*FOLDERS, *FILES) or entry.name.startswith(_DATABASES)
        if known and entry.name != _PUBLIC and not entry.is_symlink():
            with contextlib.suppress(FileNotFoundError):  # whoever else has a database open may just be closing it
                entry.chmod(entry.stat().st_mode & 0o700)


def _prove_writable(path: Path) -> None:
    """A file really made is the only proof: mode bits know neither read-only mounts nor a full disk."""
    probe = path / f".probe-{secrets.token_hex(4)}"
    probe.touch(mode=0o600)
    probe.unlink()


def secret_of(path: Path, name: str, size: int = 32) -> bytes:
    """A key kept in the data directory (0600), made at first use: the same bytes after every restart."""
    file = path / name
    try:
        if not file.exists():
            make_file(file, secrets.token_bytes(size))
    except OSError as error:
        raise LedgerUnavailable(f"the key {file} cannot be read or made ({error.strerror or error})") from error
    return _proved(file, size)


def _proved(file: Path, size: int) -> bytes:
    try:
        secret = file.read_bytes()
    except OSError as error:
        raise LedgerUnavailable(f"the key {file} cannot be read ({error.strerror or error})") from error
    if len(secret) != size:
        raise LedgerUnavailable(
            f"the key {file} has {len(secret)} octets where {size} belong; "
            "restore it, or remove it and accept that digests of removed secrets change"
        )
    return secret


class DirLock:
    """Held by the gateway for its whole life, so that two of them cannot share one directory by accident."""

    def __init__(self, path: Path) -> None:
        """Take the lock or raise LedgerUnavailable naming who holds it."""
        self._file = os.fdopen(os.open(path / "gateway.lock", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+b", 0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().decode("ascii", "replace").strip() or "unknown"
            self._file.close()
            raise LedgerUnavailable(
                f"the data directory {path} is in use by another gateway (process {holder}); "
                "stop that one, or give this one a SOUNDSTAGE_DATA_DIR of its own"
            ) from error
        # A name for whoever comes second; a disk with no room for it keeps nobody from starting.
        with contextlib.suppress(OSError):
            self._file.truncate(0)
            self._file.write(str(os.getpid()).encode())

    def release(self) -> None:
        self._file.close()

    def __enter__(self) -> "DirLock":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
