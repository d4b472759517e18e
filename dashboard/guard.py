"""Guard: what every request passes before any page or API sees it, so that no route can forget it."""

import hmac
import logging
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import cron_token
from dashboard.bare_page import refusal_page
from dashboard.body_limit import BODY_LIMIT, LimitedBody
from dashboard.caller import Caller, Callers
from dashboard.looking import looks
from dashboard.mailpit_sign_in import CHALLENGE, as_bearer, how_to_sign_in, is_drop_in
from dashboard.own_run import check_own
from dashboard.problem import Problem
from dashboard.security_headers import add_security_headers
from dashboard.sign_in_page import sign_in_page

SAFE_METHODS = frozenset({"GET", "HEAD"})
PROBES = frozenset({"/healthz", "/readyz"})
"""Answered to nobody in particular, under any name: an orchestrator asks by address. They tell no details."""
STREAMS = frozenset({"/api/live", "/live"})

_log = logging.getLogger("soundstage.dashboard")


class Guard:
    """Host allow-list, size caps, credentials, origin and CSRF checks; security headers on whatever is answered."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], callers: Callers) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # No WebSocket is served, so none can be hijacked; not accepting one closes it with 403.
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        body = LimitedBody(receive)

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                add_security_headers(MutableHeaders(scope=message))
            await send(message)

        async def answer(message: Message) -> None:
            if not started:
                body.check()
            await send_safely(message)

        try:
            scope.setdefault("state", {})["caller"] = self._admit(scope, Headers(scope=scope))
            await self._app(scope, body.receive, answer)
        except Problem as problem:
            await _refuse(problem, scope, receive, send_safely)
        except Exception:
            _log.exception("The dashboard failed at %s %s.", scope["method"], scope["path"])
            if not started:
                wrong = Problem(500, "The dashboard failed at this; its log says why.")
                await _refuse(wrong, scope, receive, send_safely)

    def _admit(self, scope: Scope, headers: Headers) -> Caller | None:
        path, method = scope["path"], scope["method"]
        if path not in PROBES:
            self._check_host(headers)
        _check_size(headers)
        caller = self._callers.of(as_bearer(path, headers))
        if path in PROBES:
            return caller
        if method not in SAFE_METHODS or path in STREAMS:
            _check_origin(headers)
        if caller is None and path != "/sign-in":
            raise Problem(401, how_to_sign_in(path))
        if caller is not None and caller.role == "cron" and not cron_token.opens(method, path):
            raise Problem(403, f"A scheduler's token does not open {method} {path[:200]}.")
        if caller is not None and caller.run is not None:
            check_own(caller.run, method, path)
        signs_in = path == "/sign-in"
        if caller is not None and caller.session is not None and method not in SAFE_METHODS and not signs_in:
            _check_csrf(scope, headers, caller.session.csrf)
        return caller

    def _check_host(self, headers: Headers) -> None:
        # A page elsewhere whose name was pointed at this address (DNS rebinding) is known by its Host alone.
        hosts = headers.getlist("host")
        name = host_name(hosts[0]) if len(hosts) == 1 else ""
        if name not in self._hosts:
            asked = ", ".join(repr(host[:200]) for host in hosts) or "none"
            raise Problem(421, f"The dashboard does not answer to this Host: {asked}. See SOUNDSTAGE_DASHBOARD_HOSTS.")


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    headers = Headers(scope=scope)
    if problem.status == 401:
        drop_in = is_drop_in(scope["path"])
        if "text/html" in headers.get("accept", "") and not drop_in and not scope["path"].startswith("/api/"):
            await sign_in_page(401)(scope, receive, send)
            return
        problem.more["headers"] = {"www-authenticate": CHALLENGE if drop_in else 'Bearer realm="soundstage"'}
        await problem.response()(scope, receive, send)
        return
    told = refusal_page(problem.status, problem.detail) if looks(scope["path"], headers) else problem.response()
    await told(scope, receive, send)


def host_name(host: str) -> str:
    """The name in a Host field, lower case, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _check_size(headers: Headers) -> None:
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length[:20]) > BODY_LIMIT:
        raise Problem(413, f"A request body may have {BODY_LIMIT} octets, this one says {length[:40]!r}.")


def _check_origin(headers: Headers) -> None:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower():
        raise Problem(403, f"This request comes from another origin: {origin[:200]!r}.")
    if site is not None and site not in ("same-origin", "none"):
        raise Problem(403, f"This request comes from another site (Sec-Fetch-Site: {site[:40]}).")


def _check_csrf(scope: Scope, headers: Headers, expected: str) -> None:
    given = headers.get("x-csrf-token")
    if given is None:
        # A plain form's token: it is in the address, because a body read here would be missing further on.
        query = scope["query_string"].decode("latin-1")
        given = next((value for name, _, value in (p.partition("=") for p in query.split("&")) if name == "csrf"), "")
    if not hmac.compare_digest(given.encode("latin-1", "replace"), expected.encode()):
        raise Problem(403, "This request lacks its session's CSRF token (X-CSRF-Token); reload the page.")
