"""A query parameter given twice is refused: which of two was meant nobody can tell."""

from collections import Counter

from starlette.requests import Request

from dashboard.problem import Problem


def once_each(request: Request) -> None:
    """A dependency of routes whose parameters are single values."""
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if times > 1:
            values = request.query_params.getlist(name)
            raise Problem(422, f"{name}: given {times} times: {values[:5]!r}.", parameter=name, value=values[-1])
