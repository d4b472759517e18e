"""The admin token: the bearer token of the API that is made at the first start, or the operator's own in a file."""

import os
import secrets
from pathlib import Path

from soundstage.settings import Settings
from soundstage.trouble import ConfigError

SHORTEST = 16
"""Characters: fewer can be guessed."""


def admin_token(settings: Settings) -> str:
    """The token in force; one is made where the file is ours to keep, in the data directory. Raises ConfigError."""
    path = settings.token_file
    if path.absolute().is_relative_to(settings.data_dir):
        _make(path)
    return read_token(path)


def read_token(path: Path) -> str:
    """The token a file holds. Raises ConfigError where it cannot be one."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as trouble:
        raise ConfigError(f"the admin token file {path} cannot be read: {trouble}") from None
    if len(token) < SHORTEST or any(not char.isprintable() or char.isspace() for char in token):
        raise ConfigError(
            f"the admin token file {path} has to hold one word of {SHORTEST} characters or more",
            f"openssl rand -hex 32 > {path}",
        )
    return token


def _make(path: Path) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    except OSError as trouble:
        raise ConfigError(f"the admin token file {path} cannot be written: {trouble.strerror}") from None
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
