"""gRPC over HTTP/2: an answer of ours in the framing its clients insist on (gRPC over HTTP2, PROTOCOL-HTTP2.md)."""

import json
from urllib.parse import quote

from ledger.reply import Reply
from policies.http_request import HttpRequest

PERMISSION_DENIED = 7
UNAVAILABLE = 14
OK = 0
_EMPTY_MESSAGE = b"\x00\x00\x00\x00\x00"
"""One uncompressed message of no octets: every field of whatever type it is has its default."""


def is_grpc(request: HttpRequest) -> bool:
    """By its content type, over HTTP/2; gRPC-Web is plain HTTP."""
    kind = request.header("content-type") or ""
    return request.protocol == "h2" and (
        kind == "application/grpc" or kind.startswith(("application/grpc+", "application/grpc;"))
    )


def as_grpc(reply: Reply) -> Reply:
    """The reply as gRPC: unchanged where a pack made it gRPC already; a refusal is trailers-only, in the head."""
    headers = {name.lower(): value for name, value in reply.headers}
    if headers.get("content-type", "").startswith("application/grpc"):
        return reply
    ours = tuple((name, value) for name, value in reply.headers if name.lower().startswith("soundstage-"))
    framed = (("content-type", "application/grpc"), *ours)
    if reply.status < 400 and reply.fidelity != "refused":
        trailers = (("grpc-status", str(OK)),)
        return Reply(reply.fidelity, 200, framed, _EMPTY_MESSAGE, trailers, flags=reply.flags, facts=reply.facts)
    status = UNAVAILABLE if reply.status == 503 else PERMISSION_DENIED
    told = (("grpc-status", str(status)), ("grpc-message", _percent_encoded(_reason(reply))))
    return Reply(reply.fidelity, 200, (*framed, *told), flags=reply.flags, facts=reply.facts)


def _reason(reply: Reply) -> str:
    try:
        told = json.loads(reply.body)
        return str(told["detail"])
    except (ValueError, KeyError, TypeError):
        return reply.body[:500].decode("utf-8", "replace") or f"refused with status {reply.status}"


def _percent_encoded(text: str) -> str:
    """`grpc-message`: printable ASCII but `%` stands for itself, the rest as percent-encoded UTF-8."""
    return quote(text, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")
