"""Caller: who asks, known by a bearer token or by the cookie of a session."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

from dashboard.cron_token import cron_token
from dashboard.sessions import COOKIE, Session, Sessions


def _nobodys(_token: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with credentials. `session` is None for a program with a bearer token."""

    role: str
    session: Session | None = None
    run: str | None = None
    """The run whose own token was brought; it opens nothing of others."""


class Callers:
    """Knows a caller by what they bring."""

    def __init__(self, admin_token: str, sessions: Sessions, run_of: Callable[[str], str | None] = _nobodys) -> None:
        """`run_of`: the run whose own API token something is, or None."""
        if not admin_token:
            raise ValueError("The admin token is empty; the dashboard does not open without one.")
        self._admin = _digest(admin_token)
        self._cron = _digest(cron_token(admin_token))
        self.sessions = sessions
        self._run_of = run_of

    def is_admin_token(self, token: str) -> bool:
        """In a time that tells nothing about the token."""
        return hmac.compare_digest(_digest(token), self._admin)

    def of(self, headers: Headers) -> Caller | None:
        """None where nobody, or nobody we know, asks. A wrong bearer token is never made good by a cookie beside it."""
        authorization = headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            return self._bearer(token.strip()) if scheme.lower() == "bearer" else None
        cookie = _cookie(headers.get("cookie", ""))
        session = self.sessions.find(cookie) if cookie else None
        return None if session is None else Caller(session.role, session)

    def _bearer(self, token: str) -> Caller | None:
        if self.is_admin_token(token):
            return Caller("admin")
        if hmac.compare_digest(_digest(token), self._cron):
            return Caller("cron")
        run = self._run_of(token)
        return None if run is None else Caller("run", run=run)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _cookie(header: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return None if morsel is None else morsel.value
