"""Generic answers: a plain success for destinations no pack knows, webhooks above all."""

from ledger.reply import Reply
from policies.http_request import HttpRequest

PLAIN = (("content-type", "text/plain; charset=utf-8"),)
JSON = (("content-type", "application/json"),)
TAKEN = Reply(fidelity="generic", status=200, headers=PLAIN, body=b"captured by Soundstage\n")
EMPTY_JSON = Reply(fidelity="generic", status=200, headers=JSON, body=b"{}")
PREFLIGHT = Reply(fidelity="generic", status=204, headers=(("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),))


def taken(request: HttpRequest) -> Reply:
    """The plain success of a captured request. A reader that asks for JSON gets an empty object, not a text."""
    if request.method == "OPTIONS":
        return PREFLIGHT
    if request.method in ("GET", "HEAD") and "json" in (request.header("accept") or ""):
        return EMPTY_JSON
    return TAKEN
