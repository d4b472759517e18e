"""Replies between the gate and mitmproxy: ours made into its response, and a destination's own made into ours."""

import re
import time
from functools import lru_cache
from http import HTTPStatus

from mitmproxy import http

from ledger.reply import Reply
from proxy.http1_reply import BODILESS, UnwritableReply, length_of, problem
from proxy.mitm_grpc import as_grpc, is_grpc
from proxy.mitm_request import SeenRequest

_OF_THE_CONNECTION = frozenset(
    ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "upgrade", "trailer", "te")
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSAFE_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_PHRASES = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}

Fields = list[tuple[bytes, bytes]]
Marks = tuple[tuple[str, str], ...]


def response_of(reply: Reply, request: SeenRequest, marks: Marks = (), *, close: bool = False) -> http.Response:
    """A response on the wire the request came by. `marks` are added where the reply does not carry them itself.

    Raises UnwritableReply where a field would write others, which leaves the refusal that was armed before.
    """
    seen = request.described
    return _made(reply, marks, h2=seen.protocol == "h2", head=seen.method == "HEAD", grpc=is_grpc(seen), close=close)


def _made(reply: Reply, marks: Marks, *, h2: bool, head: bool, grpc: bool, close: bool) -> http.Response:
    if grpc:
        reply = as_grpc(reply)
    fields = _fields(reply.headers, h2)
    present = {name.lower() for name, _ in fields}
    fields += [field for field in _fields(marks, h2) if field[0].lower() not in present]
    body = b"" if head or reply.status in BODILESS else reply.body
    if not grpc and reply.status not in BODILESS:
        fields.append((b"content-length" if h2 else b"Content-Length", b"%d" % length_of(reply, head_only=head)))
    if close and not h2:
        fields.append((b"Connection", b"close"))
    # HTTP/1.1 trailers would need a chunked body, and mitmproxy writes none.
    trailers = http.Headers(_fields(reply.trailers, h2)) if reply.trailers and h2 else None
    return _response(reply.status, fields, body, trailers, h2=h2)


def _response(
    status: int, fields: Fields, body: bytes, trailers: http.Headers | None = None, *, h2: bool
) -> http.Response:
    now = time.time()
    phrase = b"" if h2 else _PHRASES.get(status, b"Answered")
    version = b"HTTP/2.0" if h2 else b"HTTP/1.1"
    return http.Response(version, status, phrase, http.Headers(fields), body, trailers, now, now)


def _fields(headers: Marks, h2: bool) -> Fields:
    fields = []
    for name, value in headers:
        if name.lower() in _OF_THE_CONNECTION:
            continue
        if not _NAME.fullmatch(name) or _UNSAFE_VALUE.search(value):
            raise UnwritableReply(f"the header field {name!r} cannot be written to an HTTP wire")
        fields.append(((name.lower() if h2 else name).encode("ascii"), value.encode("latin-1", "replace")))
    return fields


def reply_of(response: http.Response, body: bytes, *, flags: tuple[str, ...] = (), after: int = 0) -> Reply:
    """A destination's own answer, as it is kept. `body` is as much of it as is kept, `after` so much told before."""
    trailers = response.trailers.fields if response.trailers else ()
    return Reply(
        fidelity="real",
        status=response.status_code,
        headers=_texts(response.headers.fields),
        body=body,
        trailers=_texts(trailers),
        flags=flags,
        after=after,
    )


def _texts(fields: tuple[tuple[bytes, bytes], ...]) -> Marks:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in fields)


def armed(request: http.Request) -> http.Response:
    """The refusal that stands until a recorded decision lifts it. One object for all alike: never to be changed."""
    if not isinstance(request, SeenRequest):
        return _armed(h2=request.is_http2, head=False, grpc=False)
    seen = request.described
    return _armed(h2=seen.protocol == "h2", head=seen.method == "HEAD", grpc=is_grpc(seen))


@lru_cache
def _armed(*, h2: bool, head: bool, grpc: bool) -> http.Response:
    return _made(_ARMED, (), h2=h2, head=head, grpc=grpc, close=True)


_ARMED = problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Refused",
    "Soundstage could not come to a recorded decision about this request, so nothing of it was sent anywhere.",
)
