"""Targets: the four forms of a request's target (RFC 9112, 3.2), and the names they carry."""

import re
from dataclasses import dataclass
from typing import Literal

from policies.http_request import NameSource
from proxy.connection import Connection
from proxy.head import Head, MalformedHead, shown

Scheme = Literal["http", "https"]
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[0-9A-Za-z:.%]+\]|[^\[\]:/?#]+):([0-9]{1,5})")
DEFAULT_PORT = 443
_OPENED_BY: tuple[NameSource, ...] = ("connect", "socks", "sni", "dns", "address")
_SCHEMES: dict[str, Scheme] = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a request line's target says."""

    path: str
    """Path and query as sent, or `*`."""
    scheme: Scheme | None = None
    """Of an absolute URI."""
    authority: str | None = None
    """Of an absolute URI, as sent, user-info and all."""


def read_target(head: Head) -> Target:
    """The target of any method but CONNECT. Raises MalformedHead."""
    target = head.target
    if target[0] == "/":
        return Target(target)
    if target == "*" and head.method == "OPTIONS":
        return Target(target)
    match = _ABSOLUTE.fullmatch(target)
    scheme = _SCHEMES.get(match[1].lower()) if match is not None else None
    if match is None or scheme is None:
        raise MalformedHead(
            f"the target {shown(target.encode('latin-1'))} is neither a path nor an absolute http or https URI"
        )
    rest = match[3]
    return Target(rest if rest.startswith("/") else f"/{rest}", scheme, match[2])


def read_authority(target: str) -> tuple[str, int]:
    """Host and port of a CONNECT's target, the host as sent without brackets. Raises MalformedHead."""
    match = _AUTHORITY.fullmatch(target)
    if match is None or not 0 < int(match[2]) < 65536:
        host, colon, port = target.partition(":")
        # What stands in a port's place and is no number may be a password.
        told = host + colon + (port if port.isdigit() else "..." * bool(port)) if "@" not in target else target
        raise MalformedHead(f"CONNECT to {shown(told.encode('latin-1'))} does not name a host and a port")
    return match[1].strip("[]"), int(match[2])


def split_port(authority: str, default: int) -> tuple[str, int]:
    """Host and port of a Host field or an authority as far as they can be told: to choose an engine, not to judge."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return authority.strip("[]"), default
    return match[1].strip("[]"), int(match[2])


def opened_for(connection: Connection) -> tuple[str, int]:
    """Host and port a connection was opened for, as sent. The host is empty where nobody was named.

    To choose an engine and a certificate, not to judge: of names that disagree it is one.
    """
    named = dict(connection.names)
    port = connection.port or DEFAULT_PORT
    return next((split_port(named[source], port) for source in _OPENED_BY if source in named), ("", port))
