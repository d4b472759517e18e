"""Tricks: ways round a proxy that HTTP over TCP allows, each written once for every way in and both engines.

NAME is where the client pretends to mean: of the mitm engine a host that is opted in, so that the same request without
its trick would arrive; of the door one that is not. OTHER is one that is opted in like NAME, or not like NAME; STRANGER
is the other way round. PORT is the stand-in's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pytest
from leak_house import ADDRESS, BELOW, ELSEWHERE, OPEN, SECOND, SHUT, WAYS, Engine, Way


def spellings(address: str) -> dict[str, str]:
    """An IPv4 address as resolvers and URLs may have it, by its placeholder."""
    number = int(IPv4Address(address))
    first, second, third, last = address.split(".")
    return {
        "AS_NUMBER": str(number),
        "AS_HEX": hex(number),
        "AS_OCTAL": f"0{int(first):o}.{second}.0{int(third):o}.{last}",
        "AS_SHORT": f"{first}.{number & 0xFFFFFF}",
        "AS_MAPPED": f"[::ffff:{address}]",
        "AS_NAT64": f"[64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}]",
        "AS_SIXTOFOUR": f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]",
        "AS_TEREDO": f"[2001:0:{number >> 16:x}:{number & 0xFFFF:x}::1]",
        "AS_COMPATIBLE": f"[::{address}]",
        "AS_IS": address,
    }


@dataclass(frozen=True)
class Trick:
    """One request. What is None follows from `authority`, in agreement with it."""

    authority: str = "NAME:PORT"
    uri: str | None = None
    """The authority of an absolute URI, which the explicit entrance has in the clear in any case."""
    hosts: tuple[str, ...] | None = None
    connect: str | None = None
    sni: str | None = None
    method: str = "GET"
    path: str = "/allowed/x"
    version: str = "1.1"
    fields: tuple[str, ...] = ()
    body: str = ""
    ways: tuple[Way, ...] = field(default=WAYS, compare=False)

    def played(self, way: Way, engine: Engine, port: int) -> "Played":
        """The same, with the names of one engine, for one way."""
        return self.spoken(way, _names(engine, port))

    def spoken(self, way: Way, named: Mapping[str, str]) -> "Played":
        """The same, with names by their placeholders."""

        def told(text: str) -> str:
            for placeholder, value in named.items():
                text = text.replace(placeholder, value)
            return text

        authority = self.uri or (self.authority if way == "explicit-http" else None)
        scheme = "https" if way.endswith("https") else "http"
        target = self.path if authority is None else f"{scheme}://{authority}{self.path}"
        hosts = (self.authority,) if self.hosts is None else self.hosts
        lines = [f"{self.method} {target} HTTP/{self.version}", *(f"Host: {host}" for host in hosts), *self.fields]
        octets = told("\r\n".join((*lines, "", self.body))).encode("utf-8")
        sni = self.sni or self.authority.removesuffix(":PORT")
        return Played(octets, told(self.connect or self.authority), told(sni))


@dataclass(frozen=True)
class Played:
    """What goes over the wire."""

    octets: bytes
    connect: str
    sni: str


def _names(engine: Engine, port: int) -> dict[str, str]:
    opened = engine == "mitm"
    return {
        **spellings(ADDRESS),
        "STRANGER": SHUT if opened else OPEN,
        "OTHER": SECOND if opened else ELSEWHERE,
        "NAME": OPEN if opened else SHUT,
        "BELOW": BELOW,
        "PORT": str(port),
    }


def post(*fields: str, body: str = "", version: str = "1.1") -> Trick:
    """A POST whose framing is the trick."""
    return Trick(method="POST", fields=fields, body=body, version=version)


def spelt(authority: str) -> Trick:
    """NAME, or an address, spelt otherwise wherever the client says it."""
    return Trick(authority)


HOMOGLYPH = "xn--pen-jlc.story.test"
TLS: tuple[Way, ...] = ("explicit-https", "steered-https")
WITH_ANOTHER_NAME: tuple[Way, ...] = ("explicit-http", "explicit-https", "steered-https")
"""In the clear at the steered entrance Host is the one name there is."""
EXPLICIT_TLS: tuple[Way, ...] = ("explicit-https",)
TRICKS = {
    "nobody-opted-in-the-path": Trick(path="/elsewhere"),
    "nobody-opted-in-the-host": Trick("shut.story.test:PORT"),
    # Names that disagree
    "sni-against-host": Trick(sni="OTHER", ways=TLS),
    "sni-of-a-stranger": Trick(sni="STRANGER", ways=TLS),
    "host-of-a-stranger": Trick(hosts=("STRANGER:PORT",), ways=WITH_ANOTHER_NAME),
    "host-against-all-else": Trick(hosts=("OTHER:PORT",), ways=WITH_ANOTHER_NAME),
    "absolute-uri-against-host": Trick(uri="OTHER:PORT"),
    "absolute-uri-of-a-stranger": Trick(uri="STRANGER:PORT"),
    "connect-against-all-else": Trick(connect="OTHER:PORT", ways=EXPLICIT_TLS),
    "connect-by-number-to-a-name": Trick(connect="AS_IS:PORT", ways=EXPLICIT_TLS),
    "connect-and-host-mean-other-ports": Trick(connect="NAME:443", ways=EXPLICIT_TLS),
    "ports-that-differ": Trick(uri="NAME:1"),
    "two-hosts-that-agree": Trick(hosts=("NAME:PORT", "NAME:PORT")),
    "two-hosts-that-differ": Trick(hosts=("NAME:PORT", "OTHER:PORT")),
    "no-host": Trick(hosts=()),
    "no-host-in-http-1.0": Trick(hosts=(), version="1.0", ways=TLS),
    "empty-host": Trick(hosts=("",)),
    # Names that are read in two ways
    "user-information": Trick(uri="me@NAME:PORT"),
    "user-information-in-host": Trick(hosts=("me@NAME:PORT",)),
    "host-as-user-information": Trick(uri="NAME:PORT@OTHER:PORT", hosts=("OTHER:PORT",)),
    "backslash-host": Trick(uri="NAME:PORT\\@OTHER:PORT"),
    "backslash-in-host-field": Trick(hosts=("NAME:PORT\\.STRANGER",)),
    "comma-in-host": Trick(hosts=("NAME:PORT, OTHER:PORT",)),
    "path-in-host": Trick(hosts=("NAME:PORT/x",)),
    "trailing-dot": spelt("NAME.:PORT"),
    "capitals": Trick("Open.Story.Test:PORT"),
    "punycode-that-is-ascii": Trick("xn--open-.story.test:PORT"),
    "homoglyph": Trick("\u043epen.story.test:PORT", sni=HOMOGLYPH, connect=f"{HOMOGLYPH}:PORT"),
    "ideographic-full-stop": Trick("open\u3002story.test:PORT", sni="open.story.test", connect="open.story.test:PORT"),
    "percent-encoded-host": Trick(uri="%6fpen.story.test:PORT"),
    "a-name-below-an-opted-in-one": spelt("x.open.story.test:PORT"),
    "a-name-that-ends-alike": spelt("evilopen.story.test:PORT"),
    "a-wildcard's-own-parent": spelt("BELOW:PORT"),
    "a-name-that-ends-like-a-wildcard": spelt("evilBELOW:PORT"),
    # Addresses in every spelling
    "plain-address": Trick("AS_IS:PORT", path="/elsewhere"),
    "address-as-one-number": spelt("AS_NUMBER:PORT"),
    "address-in-hexadecimal": spelt("AS_HEX:PORT"),
    "address-in-octal": spelt("AS_OCTAL:PORT"),
    "short-address": spelt("AS_SHORT:PORT"),
    "mapped-address": spelt("AS_MAPPED:PORT"),
    "nat64-address": spelt("AS_NAT64:PORT"),
    "6to4-address": spelt("AS_SIXTOFOUR:PORT"),
    "teredo-address": spelt("AS_TEREDO:PORT"),
    "compatible-address": spelt("AS_COMPATIBLE:PORT"),
    "unspecified-address": spelt("0.0.0.0:PORT"),
    # What nothing opens
    "metadata-address": spelt("169.254.169.254:80"),
    "metadata-address-ipv6": spelt("[fd00:ec2::254]:80"),
    "metadata-of-azure": spelt("168.63.129.16:80"),
    "metadata-of-oracle": spelt("192.0.0.192:80"),
    "metadata-name": spelt("metadata.google.internal:80"),
    "metadata-as-one-number": spelt("2852039166:80"),
    # Upgrades
    "h2c-in-capitals": Trick(fields=("Connection: Upgrade", "Upgrade: H2C", "HTTP2-Settings: AAMAAABk")),
    "any-other-upgrade": Trick(fields=("Connection: Upgrade", "Upgrade: raw")),
    "websocket-and-another-upgrade": Trick(fields=("Connection: Upgrade", "Upgrade: websocket, h2c")),
    "websocket-nobody-opted-in": Trick(
        path="/elsewhere",
        fields=("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="),
    ),
    # Smuggling
    "two-lengths": post("Content-Length: 5", "Transfer-Encoding: chunked", body="0\r\n\r\n"),
    "two-content-lengths": post("Content-Length: 5", "Content-Length: 6", body="12345"),
    "a-list-of-content-lengths": post("Content-Length: 5, 5", body="12345"),
    "a-signed-content-length": post("Content-Length: +5", body="12345"),
    "an-obsolete-transfer-coding": post("Transfer-Encoding: chunked, identity", body="0\r\n\r\n"),
    "a-transfer-coding-in-disguise": post("Transfer-Encoding: \x0bchunked", body="0\r\n\r\n"),
    "a-space-before-the-colon": post("Transfer-Encoding : chunked", body="0\r\n\r\n"),
    "a-folded-line": post("X: a", " folded"),
    "a-bare-carriage-return": post("X: a\rb"),
    "a-bare-line-feed": post("X: a\nHost: OTHER:PORT"),
    "a-nul": post("X: a\0b"),
    "trailer-fields-to-a-path-nobody-opted-in": Trick(
        method="POST", path="/elsewhere", fields=("Transfer-Encoding: chunked",), body="1\r\na\r\n0\r\nHost: x\r\n\r\n"
    ),
    "a-chunk-longer-than-its-size": post("Transfer-Encoding: chunked", body="1\r\nabc\r\n0\r\n\r\n"),
    "a-chunk-size-that-is-none": post("Transfer-Encoding: chunked", body="0x1\r\na\r\n0\r\n\r\n"),
    "chunks-in-http-1.0": post("Transfer-Encoding: chunked", body="0\r\n\r\n", version="1.0"),
    "length-nominated-as-of-the-connection": post("Connection: Content-Length", "Content-Length: 5", body="GET /"),
    "a-head-that-is-too-long": Trick(fields=(f"X: {'a' * 70_000}",)),
    "too-many-fields": Trick(fields=("X: a",) * 300),
    "aws-chunked-content": Trick(
        method="PUT", path="/elsewhere", fields=("Content-Encoding: aws-chunked", "Content-Length: 3"), body="abc"
    ),
    # Paths
    "dot-segments": Trick(path="/allowed/../elsewhere"),
    "encoded-dots": Trick(path="/allowed/%2e%2e/elsewhere"),
    "encoded-slash": Trick(path="/allowed/..%2felsewhere"),
    "doubly-encoded-dots": Trick(path="/allowed/%252e%252e/elsewhere"),
    "backslashes": Trick(path="/allowed/\\..\\elsewhere"),
    "a-parameter-on-dots": Trick(path="/allowed/..;a/elsewhere"),
    "a-path-parameter": Trick(path="/allowed;a/x"),
    "doubled-slash": Trick(path="/allowed//x"),
    "overlong-utf-8": Trick(path="/allowed/%c0%ae%c0%ae/elsewhere"),
    "encoded-letters": Trick(path="/%61llowed/x"),
    "fragment": Trick(path="/allowed/x#/../elsewhere"),
    "dots-and-a-space": Trick(path="/allowed/..%20/elsewhere"),
    # Dialling by other means
    "dns-over-https": Trick(method="POST", path="/dns-query", fields=("Content-Length: 0",)),
    "another-method-by-a-header": Trick(method="POST", fields=("X-HTTP-Method-Override: DELETE", "Content-Length: 0")),
    "a-method-in-small-letters": Trick(method="get"),
    "another-path-by-a-header": Trick(fields=("X-Original-URL: /elsewhere",)),
    "another-place-by-a-header": Trick(method="MOVE", fields=("Destination: /elsewhere",)),
    "another-host-by-a-header": Trick(fields=("X-Forwarded-Host: STRANGER",)),
    "a-copy-of-a-path-nobody-opted-in": Trick(
        method="PUT", fields=("X-Amz-Copy-Source: elsewhere/x", "Content-Length: 0")
    ),
    "a-copy-from-a-stranger": Trick(
        method="PUT", fields=("X-Ms-Copy-Source: https://STRANGER:PORT/allowed/x", "Content-Length: 0")
    ),
    "another-method-by-the-query": Trick(
        method="POST", path="/allowed/x?_method=DELETE", fields=("Content-Length: 0",)
    ),
    "another-method-by-a-form": Trick(
        method="POST",
        fields=("Content-Type: application/x-www-form-urlencoded", "Content-Length: 14"),
        body="_method=DELETE",
    ),
}  # fmt: skip


def cases() -> list[object]:
    """Every trick, way and engine that go together."""
    return [
        pytest.param(trick, way, engine, id=f"{name}-{way}-{engine}")
        for name, trick in TRICKS.items()
        for way in trick.ways
        for engine in ("door", "mitm")
    ]
