"""Requests as an engine would hand them over, for tests of descriptions and answers."""

from policies.body import Body
from policies.http_request import HttpRequest
from policies.request_view import RequestView

FORM = "application/x-www-form-urlencoded"


def request(
    do: str, body: bytes = b"", headers: dict[str, str] | None = None, names: tuple[tuple[str, str], ...] | None = None
) -> HttpRequest:
    """`METHOD host/target`."""
    method, _, where = do.partition(" ")
    host, slash, target = where.partition("/")
    return HttpRequest(
        method=method,
        scheme="https",
        names=(("host", host),) if names is None else names,  # type: ignore[arg-type]  # any name, for the odd ones
        target=slash + target or "/",
        headers=tuple((name.lower(), value) for name, value in (headers or {}).items()),
        source="127.0.0.1",
        body=Body.of(body),
    )


def view(body: bytes = b"", headers: dict[str, str] | None = None, target: str = "/") -> RequestView:
    return RequestView(request(f"POST api.example.com{target}", body, headers), "api.example.com", 443, "/")
