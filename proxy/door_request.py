"""Description: a head, its connection and its body made into the one `HttpRequest` that both engines hand the gate."""

import base64
import binascii

from policies.body import EMPTY, Body
from policies.head_shape import shaped_as
from policies.http_request import HttpRequest, NameSource, RunClaim, claimed
from proxy.connection import Connection
from proxy.head import Head, MalformedHead
from proxy.head_target import Scheme, Target, read_target, split_port

Names = tuple[tuple[NameSource, str], ...]
DEFAULT_PORTS = {"http": 80, "https": 443}


def describe_request(
    head: Head, connection: Connection, *, body: Body = EMPTY, trailers: bool = False, target: Target | None = None
) -> HttpRequest:
    """What arrived, with every name the client gave. Raises MalformedHead where the target is none."""
    likeness = None if trailers else head.likeness
    if likeness is None:
        return _described(head, connection, body, trailers, target or read_target(head))
    if likeness.request is None:
        likeness.request = _described(head, connection, EMPTY, trailers, target or read_target(head))
    known: HttpRequest = likeness.request
    request = HttpRequest(
        known.method, known.scheme, known.names, head.target, head.headers, known.source, body, known.protocol,
        known.port, known.claim, known.flags,
    )  # fmt: skip
    return shaped_as(request, known)


def _described(head: Head, connection: Connection, body: Body, trailers: bool, target: Target) -> HttpRequest:
    scheme: Scheme = "https" if connection.tls else "http"
    port = connection.port
    if target.scheme is not None and target.scheme != scheme:
        if connection.tls:
            raise MalformedHead("an absolute http URI was sent inside TLS")
        scheme, port = target.scheme, None
    flags: tuple[str, ...] = ()
    if head.upgrade:
        flags = ("upgrade",)
    if trailers:
        flags = (*flags, "trailers")
    return HttpRequest(
        method=head.method,
        scheme=scheme,
        names=names_of(head, connection, target),
        target=target.path,
        headers=head.headers,
        source=connection.source,
        body=body,
        port=port,
        claim=claim_of(head, connection),
        flags=flags,
    )


def names_of(head: Head, connection: Connection, target: Target) -> Names:
    """Every name in order of arrival. HTTP/1.1 without Host (RFC 9112, 3.2: an error) names the empty host."""
    names = connection.names
    if target.authority is not None:
        names = (*names, ("absolute", target.authority))
    if not head.hosts:
        return (*names, ("host", "")) if head.minor else names
    for host in head.hosts:
        names = (*names, ("host", host))
    return names


def found_under(head: Head, connection: Connection) -> tuple[Names, int]:
    """Names and port of a request that is refused before it is whole, so that it is found again under its host."""
    return names_of(head, connection, read_target(head)), meant_by(head, connection)[1]


def meant_by(head: Head, connection: Connection) -> tuple[str, int]:
    """Host and port a plain request means, for choosing an engine: the absolute URI's before Host's."""
    target = read_target(head)
    default = connection.port or DEFAULT_PORTS[target.scheme or "http"]
    authority = target.authority
    if authority is None:
        authority = head.hosts[0] if head.hosts else ""
    return split_port(authority, default)


def claim_of(head: Head, connection: Connection) -> RunClaim | None:
    """Whose a request is: by its own credentials, or those of its tunnel, or by its listener."""
    if head.proxy_authorization is None:
        return connection.claim
    return claimed(read_claim(head.proxy_authorization), connection.claim)


def read_claim(credentials: str | None) -> RunClaim | None:
    """The run and token of `Basic` proxy credentials (RFC 7617); anything else claims nothing."""
    if credentials is None:
        return None
    scheme, _, encoded = credentials.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        run, _, token = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return RunClaim(run, token) if run else None
