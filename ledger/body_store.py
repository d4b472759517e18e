"""BodyStore: long bodies as files named by their digest, durable before the capture that names them is committed."""

import contextlib
import hashlib
import io
import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from ledger.data_dir import FOLDERS
from ledger.intake import BodyIntake
from ledger.synced import sync_folder
from ledger.trouble import LedgerUnavailable
from policies.body import Body

INLINE_LIMIT = 64 * 1024
"""Octets up to which a body lies in the database itself: one row is cheaper than two syncs."""

_CHUNK = 1024 * 1024
_SAMPLE = 64 * 1024


class BodyStore:
    """Files under `bodies/ab/cdef...`: 0600, written once, shared by every capture with the same bytes.

    A file ends in `.zst` where compression paid. Calls block on the disk: make them from a thread.
    """

    def __init__(self, data_dir: Path) -> None:
        self._bodies = data_dir / FOLDERS[0]
        self._incoming = data_dir / FOLDERS[1]
        self._lock = threading.Lock()

    def sweep_incoming(self) -> None:
        """Remove what an earlier process left half received: nobody was told it was kept."""
        try:
            for file in self._incoming.iterdir():
                file.unlink(missing_ok=True)
        except OSError as error:
            raise _unavailable(self._incoming, error) from error

    def intake(self, keep: bool) -> BodyIntake:
        """Receive one body; with `keep`, one too long for memory is streamed to disk instead of dropped."""
        return BodyIntake(self._incoming if keep else None)

    def put(self, body: Body) -> int:
        """Make the body's bytes durable under its digest; returns the octets its file takes. Idempotent."""
        try:
            existing = self.file_of(body.sha256)
            if existing is not None:
                with contextlib.suppress(FileNotFoundError):  # a purge has taken it since
                    size = existing.stat().st_size
                    # Whoever gave it its name may not have synced that yet, or have been killed before.
                    sync_folder(existing.parent)
                    return size
            return self._write(body)
        except OSError as error:
            raise _unavailable(self._bodies, error) from error

    def file_of(self, sha256: str) -> Path | None:
        """The file that holds these bytes, if there is one."""
        plain = self._bodies / sha256[:2] / sha256[2:]
        if plain.exists():
            return plain
        packed = plain.with_name(plain.name + ".zst")
        return packed if packed.exists() else None

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes exactly as they were put, in chunks. Raises LedgerUnavailable where the file is gone."""
        try:
            raw = self._opened(sha256)
        except FileNotFoundError:
            told = f"the body {sha256} is not in {self._bodies}; its capture outlived its file"
            raise LedgerUnavailable(told) from None
        with raw:
            if raw.name.endswith(".zst"):
                with zstandard.ZstdDecompressor().stream_reader(raw) as packed:
                    yield from _chunks(packed)
            else:
                yield from _chunks(raw)

    def _opened(self, sha256: str) -> BinaryIO:
        file = self.file_of(sha256)
        if file is None:
            raise FileNotFoundError(sha256)
        return file.open("rb")

    def folders(self) -> list[Path]:
        """Where the files lie."""
        return sorted(folder for folder in self._bodies.iterdir() if folder.is_dir())

    @staticmethod
    def digest_in(file: Path) -> str:
        """Of the bytes that a file of `folders` holds, by its name."""
        return file.parent.name + file.name.removesuffix(".zst")

    def remove(self, sha256: str) -> Path:
        """Unlink the file. Only within the transaction that has found no capture naming it.

        Returns the folder it lay in: until that is synced, a power failure may bring the file back.
        """
        file = self.file_of(sha256)
        if file is not None:
            file.unlink(missing_ok=True)
        return self._bodies / sha256[:2]

    def _write(self, body: Body) -> int:
        folder = self._folder(body.sha256)
        draft = self._incoming / f"store-{secrets.token_hex(12)}"
        try:
            packed = self._draft(body, draft)
            name = body.sha256[2:] + (".zst" if packed else "")
            size = draft.stat().st_size
            draft.rename(folder / name)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(folder)
        return size

    def _draft(self, body: Body, draft: Path) -> bool:
        with _source(body) as source:
            packed = compresses(source.read(_SAMPLE))
            source.seek(0)
            if body.path is not None and not packed:
                # Adopted as it is: a second name for what the intake has streamed, instead of a second copy.
                os.fsync(source.fileno())
                draft.hardlink_to(body.path)
                return False
            with _private(draft) as out:
                if packed:
                    zstandard.ZstdCompressor(level=3).copy_stream(source, out, size=body.size)
                else:
                    shutil.copyfileobj(source, out, _CHUNK)
                out.flush()
                os.fsync(out.fileno())
        return packed

    def _folder(self, sha256: str) -> Path:
        folder = self._bodies / sha256[:2]
        with self._lock:
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._bodies)
        return folder


def compresses(sample: bytes) -> bool:
    """Whether a sample of the bytes shrinks by an eighth at least; less is not worth unpacking at every look."""
    return len(zstandard.ZstdCompressor(level=1).compress(sample)) < len(sample) * 7 // 8


def digest_of(file: Path) -> str:
    """SHA-256 of a file, for checks."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _source(body: Body) -> BinaryIO:
    if body.path is not None:
        return body.path.open("rb")
    if body.data is None:
        raise ValueError(f"the body {body.sha256} was dropped as it came in: there is nothing to keep")
    return io.BytesIO(body.data)


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk


def _unavailable(place: Path, error: OSError) -> LedgerUnavailable:
    return LedgerUnavailable(f"a body cannot be kept in {place} ({error.strerror or error})")
