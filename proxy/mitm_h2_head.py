"""The head of an HTTP/2 request, read strictly and described in full (RFC 9113, 8). Pure.

HTTP/1.1 heads are read by `head.py`, which both engines share; the door does not speak HTTP/2.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from policies.http_request import HttpRequest, NameSource, claimed
from proxy.connection import Connection
from proxy.door_request import read_claim
from proxy.head import LONGEST_HEAD, MOST_FIELDS, MalformedHead, shown

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_PATH = re.compile(rb"/[\x21-\x7e\x80-\xff]*|\*")
_AUTHORITY = re.compile(rb"[\x21-\x7e\x80-\xff]*")
_PSEUDO = {b":method", b":scheme", b":path", b":authority"}
_OF_THE_CONNECTION = {b"connection", b"transfer-encoding", b"upgrade", b"keep-alive", b"proxy-connection"}
_SCHEMES: dict[bytes, Literal["http", "https"]] = {b"http": "http", b"https": "https"}

Field = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class H2Head:
    """One HEADERS block of a request. Fields as sent."""

    method: str
    scheme: Literal["http", "https"]
    authority: str | None
    path: str
    fields: tuple[Field, ...]


def read_h2_head(block: Iterable[Field]) -> H2Head:
    """The head in a decoded HEADERS block. Raises MalformedHead."""
    pseudo: dict[bytes, bytes] = {}
    fields: list[Field] = []
    size = 0
    for name, value in block:
        size += len(name) + len(value) + 32
        if not name.startswith(b":"):
            fields.append(_checked(bytes(name), bytes(value)))
        elif fields or name in pseudo or name not in _PSEUDO:
            raise MalformedHead(f"the pseudo-header {shown(name)} is unknown, repeated or not before the other fields")
        else:
            pseudo[bytes(name)] = bytes(value)
    if len(fields) > MOST_FIELDS or size > LONGEST_HEAD:
        raise MalformedHead(f"the request's head has {len(fields)} fields and {size} octets, which is too much")
    return _head(pseudo, tuple(fields))


def _head(pseudo: dict[bytes, bytes], fields: tuple[Field, ...]) -> H2Head:
    method, path = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
    authority = pseudo.get(b":authority")
    # `https:` is what firebase-admin for Node sends, and what the real servers take.
    scheme = _SCHEMES.get(pseudo.get(b":scheme", b"").lower().removesuffix(b":"))
    if not _METHOD.fullmatch(method) or method.upper() == b"CONNECT":
        raise MalformedHead(f"the method {shown(method)} is not served over HTTP/2")
    if scheme is None:
        raise MalformedHead(f"the scheme {shown(pseudo.get(b':scheme', b''))} is neither http nor https")
    if not _PATH.fullmatch(path):
        raise MalformedHead(f"the path {shown(path)} is not an absolute path")
    if authority is not None and not _AUTHORITY.fullmatch(authority):
        raise MalformedHead(f"the authority {shown(authority)} holds white space or control characters")
    named = None if authority is None else authority.decode("latin-1")
    return H2Head(method.decode("ascii"), scheme, named, path.decode("latin-1"), fields)


def _checked(name: bytes, value: bytes) -> Field:
    """What is let through here is written into an HTTP/1.1 head if the destination speaks only that."""
    if not _TOKEN.fullmatch(name):
        raise MalformedHead(f"the header name {shown(name)} is not a lower-case token")
    if name in _OF_THE_CONNECTION:
        raise MalformedHead(f"the field {shown(name)} belongs to an HTTP/1.1 connection and was sent over HTTP/2")
    if not _VALUE.fullmatch(value):
        raise MalformedHead(f"the header field {shown(name)} holds control characters")
    return name, value.strip(b" \t")


def describe_h2(head: H2Head, connection: Connection) -> HttpRequest:
    """What arrived on one stream, with every name the client gave; the body is added when it is there."""
    headers = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.fields)
    names: list[tuple[NameSource, str]] = list(connection.names)
    if head.authority is not None:
        names.append(("authority", head.authority))
    names += [("host", value) for name, value in headers if name == "host"]
    if head.authority is None and names[len(connection.names) :] == []:
        names.append(("authority", ""))
    own = [value for name, value in headers if name == "proxy-authorization"]
    if connection.tls and head.scheme == "http":
        raise MalformedHead("an http request was sent inside TLS")
    return HttpRequest(
        method=head.method,
        scheme="https" if connection.tls else head.scheme,
        names=tuple(names),
        target=head.path,
        headers=tuple(field for field in headers if field[0] != "proxy-authorization"),
        source=connection.source,
        protocol="h2",
        port=connection.port,
        claim=claimed(read_claim(own[0]), connection.claim) if own else connection.claim,
    )
