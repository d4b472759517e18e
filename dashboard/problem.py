"""Problem: an error of the dashboard's own, as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse


class Problem(Exception):
    """Something the caller must change. `detail` is a whole sentence with the offending value."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more

    def response(self) -> JSONResponse:
        return problem_response(self.status, self.detail, **self.more)


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """The answer itself, also for where no exception handler reaches."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers, media_type="application/problem+json")
