"""What went wrong with a request: a page for who looks with a browser, `application/problem+json` for programs."""

import difflib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.gateway_link import GatewayUnreachable
from dashboard.invalid_request import http_problem, invalid
from dashboard.looking import looks
from dashboard.problem import Problem
from dashboard.rendering import PLACES, Rendering
from ledger.trouble import LedgerUnavailable

HEADINGS = {404: "Nothing is here", 405: "Not answered here", 422: "Not understood", 503: "Soundstage cannot answer"}


def handlers(rendering: Rendering) -> dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]]:
    """By the exception that each answers."""
    return {
        RequestValidationError: _answering(invalid, rendering),
        HTTPException: _answering(http_problem, rendering),
        Problem: _answering(_as_it_is, rendering),
        GatewayUnreachable: _answering(_unreachable, rendering),
        LedgerUnavailable: _answering(_unreadable, rendering),
    }


def _answering(
    told: Callable[[Request, Any], Problem], rendering: Rendering
) -> Callable[[Request, Any], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        problem = told(request, error)
        if not looks(request.url.path, request.headers):
            return problem.response()
        return _page(request, problem, rendering, waits=isinstance(error, GatewayUnreachable))

    return answer


def _page(request: Request, problem: Problem, rendering: Rendering, *, waits: bool) -> Response:
    heading = HEADINGS.get(problem.status, HTTPStatus(problem.status).phrase)
    meant = _meant(request.url.path) if problem.status == 404 else None
    said = {"heading": heading, "sentence": problem.detail, "meant": meant, "waits": waits}
    page = rendering.page(request, "lost.html", problem.status, **said)
    page.headers.update(problem.more.get("headers") or {})
    return page


def _meant(path: str) -> tuple[str, str] | None:
    """Address and name of the page that was probably meant."""
    names = {address: name for address, name, _ in PLACES if address != "/"}
    close = difflib.get_close_matches("/" + path[1:60].partition("/")[0].lower(), names, 1)
    return (close[0], names[close[0]]) if close else None


def _as_it_is(request: Request, problem: Problem) -> Problem:
    return problem


def _unreachable(request: Request, error: Exception) -> Problem:
    return Problem(503, "The gateway does not answer; nothing passes while it is down. Its log says why.")


def _unreadable(request: Request, error: Exception) -> Problem:
    return Problem(503, f"The ledger cannot be read now: {error}.")
