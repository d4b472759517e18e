"""Synced: names and files that are there after a power failure too, once a call returns. Errors are OSError.

Syncing a file keeps its octets, not its name: that is its folder's to keep (fsync(2)).
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

_NOT_SYNCED = (errno.EINVAL, errno.ENOTSUP)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, and that others are gone from it.

    Some file systems, mostly of networks, sync no folders and say so: names are as durable there as their server makes
    them, and nobody can do more.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Have a folder, 0700 where it is new, with every folder it lies in."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    for made in missing or [path]:
        # Also where it was there: who made it may have been killed before. What it lies in not everybody may open.
        with contextlib.suppress(OSError):
            sync_folder(made.parent)


def make_file(path: Path, content: bytes) -> None:
    """Make a file, 0600, whole or not at all. One that is there stays as it is."""
    with drafted(path, content) as draft:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        sync_folder(path.parent)


def replace_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put a file in the place of what is there: readers see the one or the other, whole."""
    with drafted(path, content, mode) as draft:
        draft.replace(path)
        sync_folder(path.parent)


@contextlib.contextmanager
def drafted(path: Path, content: bytes, mode: int = 0o600) -> Iterator[Path]:
    """A file beside it with that content, which is gone afterwards."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            os.fchmod(out.fileno(), mode)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
