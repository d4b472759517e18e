"""The admin token: the bearer token of the API that is made at the first start, or the operator's own in a file."""

import secrets
from pathlib import Path

from ledger.synced import make_file
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
    """Whole or not at all: half a token, of a start that was killed, would keep every later one from going on."""
    try:
        if not path.exists():
            make_file(path, secrets.token_urlsafe(32).encode() + b"\n")
    except OSError as trouble:
        raise ConfigError(f"the admin token file {path} cannot be written: {trouble.strerror}") from None
