"""What a run's own API token opens: its run, its captures, and what policy would say. Everything else is refused."""

import re

from fastapi import Request

from dashboard.problem import Problem

_CAPTURES = re.compile(r"/api/captures(?:/[^/]+(?:/raw|/parts/[^/]+)?)?")
_OF_RUN = {
    "GET": re.compile(r"/api/runs/([^/]+)"),
    "POST": re.compile(r"/api/runs/([^/]+)/(?:finish|windows|settle|verify|renew)"),
}
_DROP_IN = {
    "GET": re.compile(r"/(?:mailpit|mailhog)/.*|/api/v2/(?:messages|search)"),
    "PUT": re.compile(r"/mailpit/api/v1/.*"),
    "DELETE": re.compile(r"/(?:mailpit|mailhog)/api/v1/.*"),
}
"""Of Mailpit's and MailHog's APIs, which show and change this run's mails alone; nothing is sent or released by it."""
_ELSE = frozenset({("GET", "/healthz"), ("GET", "/readyz"), ("POST", "/api/policy/explain"), ("POST", "/api/runs")})
"""The last opens a run inside this one (`dashboard.api_runs`)."""


def check_own(run: str, method: str, path: str) -> None:
    """Raise a Problem for what is not this run's."""
    if (method, path) in _ELSE or (method == "GET" and _CAPTURES.fullmatch(path)):
        return
    if method in _DROP_IN and _DROP_IN[method].fullmatch(path):
        return
    found = _OF_RUN[method].fullmatch(path) if method in _OF_RUN else None
    if found is None or found[1] != run:
        raise Problem(403, f"The token of the run {run!r} does not open {method} {path[:200]}.")


def own_run(request: Request) -> str | None:
    """The run whose captures alone this caller may see; None: all of them."""
    caller = request.state.caller
    return None if caller is None else caller.run


def narrowed(request: Request, asked: str | None) -> str | None:
    """The run to look for captures of. Raises a Problem where that is another's."""
    own = own_run(request)
    if own is not None and asked not in (None, own):
        raise Problem(403, f"The token of the run {own!r} does not open the captures of {asked!r}.")
    return own or asked
