"""What FastAPI found wrong with a request, as Problems: whole sentences that name the parameter and the value."""

import difflib
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from dashboard.capture_query import WaitQuery
from dashboard.problem import Problem

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_KNOWN = sorted({field.alias or name for name, field in WaitQuery.model_fields.items()} | {"after"})


def invalid(request: Request, error: Exception) -> Problem:
    """422 for what can be read but not understood."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for this type alone
    found = [_told(one) for one in error.errors()]
    detail = " ".join(one["detail"] for one in found)
    first = {name: found[0][name] for name in ("parameter", "value")}
    return Problem(422, detail, errors=found, **first)


def http_problem(request: Request, error: Exception) -> Problem:
    """The framework's own 404 and 405 in our shape."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this type alone
    detail = f"There is nothing at {request.url.path[:200]!r}."
    if error.status_code == 405:
        detail = f"{request.method} is not answered at {request.url.path[:200]!r}."
        return Problem(405, detail, headers={"Allow": ", ".join(_answered_at(request))})
    headers = dict(error.headers) if error.headers else None
    return Problem(error.status_code, detail, headers=headers)


def _answered_at(request: Request) -> list[str]:
    """The methods of a path, whichever route answers each: the framework names those of one route alone."""
    asked = {"type": "http", "path": request.url.path, "root_path": request.scope.get("root_path", ""), "headers": []}

    def is_answered(method: str) -> bool:
        return any(one.matches({**asked, "method": method})[0] is Match.FULL for one in request.app.router.routes)

    return [method for method in _METHODS if is_answered(method)]


def _told(error: Any) -> dict[str, Any]:
    parameter = ".".join(str(step) for step in error["loc"][1:]) or str(error["loc"][0])
    value = str(error.get("input"))[:200]
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(parameter, _KNOWN, 1)
        meant = f" Did you mean {close[0]}?" if close and close[0] != parameter else ""
        detail = f"{parameter}: there is no such parameter (its value is {value!r}).{meant}"
    else:
        detail = f"{parameter}: {value!r} is not accepted: {error['msg']}."
    return {"parameter": parameter, "value": value, "detail": detail}
