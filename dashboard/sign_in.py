"""SignInLinks: the printed links that let a person in, each once, for ten minutes."""

from pathlib import Path

from dashboard.token_folder import TokenFolder

LINK_LIFE = 600.0
"""Seconds a link is good for."""


class SignInLinks:
    """Made by whoever can write the data directory (`soundstage up`), taken by the dashboard."""

    def __init__(self, data_dir: Path, life: float = LINK_LIFE) -> None:
        self._tokens = TokenFolder(data_dir / "sign-in", life)

    def make(self) -> str:
        """A new token; the link is `<dashboard>/sign-in?token=<token>`."""
        return self._tokens.make()

    def take(self, token: str) -> bool:
        """Whether the token was good; it no longer is afterwards."""
        return self._tokens.take(token) is not None
