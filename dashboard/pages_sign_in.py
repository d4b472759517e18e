"""Signing in and out: the only paths that make or end a session."""

from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboard.caller import Callers
from dashboard.sessions import COOKIE, SESSION_LIFE
from dashboard.sign_in import SignInLinks
from dashboard.sign_in_page import sign_in_page
from dashboard.sign_in_rate import SignInRate

USED = "This sign-in link has been used or is over. Print a new one where it runs: soundstage sign-in."
WRONG = "This is neither the admin token nor a sign-in link that is still good."
SLOWLY = "Too many wrong tokens. Wait a minute, then try again."


class SignInPages:
    """`GET /sign-in?token=`, `POST /sign-in`, `POST /sign-out`."""

    def __init__(self, callers: Callers, links: SignInLinks, rate: SignInRate) -> None:
        self._callers = callers
        self._links = links
        self._rate = rate

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/sign-in", self.follow_link, methods=["GET"])
        router.add_api_route("/sign-in", self.with_token, methods=["POST"])
        router.add_api_route("/sign-out", self.leave, methods=["POST"])
        return router

    def follow_link(self, request: Request, token: str = "") -> Response:
        if not token:
            return sign_in_page(200)
        if "prefetch" in request.headers.get("sec-purpose", ""):
            # A browser that looks ahead would use the link up before the person follows it.
            return Response(status_code=503)
        if self._rate.exhausted(_source(request)):
            return sign_in_page(429, SLOWLY)
        good = self._links.take(token)
        if not good and request.state.caller is not None:
            return RedirectResponse("/", 303)
        return self._enter(request, good, USED)

    async def with_token(self, request: Request) -> Response:
        if self._rate.exhausted(_source(request)):
            return sign_in_page(429, SLOWLY)
        token = _token(await request.body())
        return self._enter(request, self._callers.is_admin_token(token) or self._links.take(token), WRONG)

    def leave(self, request: Request) -> Response:
        session = request.state.caller.session
        if session is not None:
            self._callers.sessions.end(session)
        answer = sign_in_page(200)
        answer.delete_cookie(COOKIE)
        return answer

    def _enter(self, request: Request, good: bool, wrong: str) -> Response:
        if not good:
            self._rate.failed(_source(request))
            return sign_in_page(401, wrong)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE,
            self._callers.sessions.begin().cookie,
            max_age=int(SESSION_LIFE),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer


def _token(form: bytes) -> str:
    fields = dict(parse_qsl(form.decode("utf-8", "replace")))
    return fields.get("token", "").strip()


def _source(request: Request) -> str:
    return request.client.host if request.client is not None else ""
