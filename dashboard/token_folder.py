"""TokenFolder: secrets that are kept as files named by their digest, so that processes agree without a server."""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger.synced import sync_folder


class TokenFolder:
    """Opaque tokens with a value and an end. The token is never on disk, and a lookup never builds a path from it."""

    def __init__(self, folder: Path, life: float, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._life = life
        self._clock = clock

    def make(self, value: dict[str, Any] | None = None) -> str:
        """A new token, good for `life` seconds."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        token = secrets.token_urlsafe(32)
        content = json.dumps({"expires": self._clock() + self._life, "value": value or {}})
        # Written beside and renamed, so that nobody reads half of it.
        beside = self._folder / f".{secrets.token_hex(8)}"
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        beside.rename(self._path(token))
        return token

    def read(self, token: str) -> dict[str, Any] | None:
        """The token's value, or None where it is unknown or over."""
        return self._alive(self._path(token))

    def take(self, token: str) -> dict[str, Any] | None:
        """The token's value, once: of two that ask at the same time, one gets None."""
        path = self._path(token)
        value = self._alive(path)
        return value if value is not None and self._unlink(path, for_good=True) else None

    def drop(self, token: str) -> None:
        """Forget it, at once for every process."""
        self._unlink(self._path(token), for_good=True)

    def _path(self, token: str) -> Path:
        return self._folder / hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()

    def _alive(self, path: Path) -> dict[str, Any] | None:
        try:
            kept = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        value: dict[str, Any] = kept["value"]
        return value if kept["expires"] > self._clock() else None

    def _sweep(self) -> None:
        for path in self._folder.iterdir():
            if not path.name.startswith(".") and self._alive(path) is None:
                self._unlink(path)

    @staticmethod
    def _unlink(path: Path, *, for_good: bool = False) -> bool:
        """`for_good`: nor does a power failure bring it back."""
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        if for_good:
            sync_folder(path.parent)
        return True
