"""Sessions of people who signed in: kept on the server, revocable, known by an opaque cookie."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from dashboard.token_folder import TokenFolder

COOKIE = "soundstage_session"
SESSION_LIFE = 12 * 3600.0
"""Seconds: a working day."""


@dataclass(frozen=True, slots=True)
class Session:
    """One person's session. `csrf` must come back with every unsafe request a page makes."""

    cookie: str
    csrf: str
    role: str


class Sessions:
    """Every session there is; a session that is ended is gone for every process and after every restart."""

    def __init__(self, data_dir: Path, life: float = SESSION_LIFE) -> None:
        self._tokens = TokenFolder(data_dir / "sessions", life)

    def begin(self, role: str = "admin") -> Session:
        return _session(self._tokens.make({"role": role}), role)

    def find(self, cookie: str) -> Session | None:
        value = self._tokens.read(cookie)
        return None if value is None else _session(cookie, value["role"])

    def end(self, session: Session) -> None:
        self._tokens.drop(session.cookie)


def _session(cookie: str, role: str) -> Session:
    # Derived, so that it needs no keeping: only who holds the cookie can make it, and it does not give the cookie away.
    csrf = hmac.new(cookie.encode("utf-8", "surrogateescape"), b"soundstage csrf", hashlib.sha256).hexdigest()
    return Session(cookie, csrf, role)
