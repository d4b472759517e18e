"""Head: a request's line and fields, read by one strict grammar (RFC 9112, RFC 9110). Pure; bodies are read elsewhere.

Strictness is the point: two readers of the same bytes (the door, and whatever serves what may leave) must never
disagree about where a request ends or whom it names, so what servers are known to read in two ways is refused.
"""

import re
from dataclasses import dataclass, field
from typing import Any

LONGEST_HEAD = 65_536
HEAD_END = b"\r\n\r\n"
MOST_FIELDS = 256
NO_HEAD_YET = (b"", b"\r")
"""What may still become the empty line that may stand before a request line (RFC 9112, 2.2)."""
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_GRAMMAR = re.compile(
    rb"(" + _TOKEN + rb"{1,64}) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])\r\n"
    rb"((?:" + _TOKEN + rb"++:[\t\x20-\x7e\x80-\xff]*+\r\n)*+)\r\n"
)
_LINE = re.compile(_TOKEN + rb"{1,64} [\x21-\x7e\x80-\xff]+ HTTP/1\.[01]")
_FIELD = re.compile(_TOKEN + rb"+:[\t\x20-\x7e\x80-\xff]*")
LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_READ_HERE = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "proxy-authorization")
)


class MalformedHead(ValueError):
    """The bytes are no request that everybody reads alike; the sentence says what is wrong."""


_USER_INFO = re.compile(rb"[^/@\s]*@")


@dataclass(slots=True, eq=False)
class Likeness:
    """What heads have in common that differ in nothing but what changes from request to request."""

    request: Any = None
    """The one the first of them was described as, kept here by whoever describes them."""


@dataclass(slots=True)
class Head:
    """A request without its body."""

    method: str
    target: str
    """As sent, latin-1."""
    minor: int
    """1 of HTTP/1.1, 0 of HTTP/1.0."""
    headers: tuple[tuple[str, str], ...]
    """Lower-case names, stripped values, in order, without `proxy-authorization`, which is for us alone."""
    hosts: tuple[str, ...] = ()
    length: int | None = None
    chunked: bool = False
    keep_alive: bool = True
    expects_continue: bool = False
    upgrade: bool = False
    proxy_authorization: str | None = None
    likeness: Likeness | None = field(default=None, compare=False, repr=False)

    def like(self, target: str, headers: tuple[tuple[str, str], ...], length: int | None) -> "Head":
        """Another one that differs in these alone."""
        return Head(
            self.method, target, self.minor, headers, self.hosts, length, self.chunked, self.keep_alive,
            self.expects_continue, self.upgrade, self.proxy_authorization, self.likeness,
        )  # fmt: skip


def head_end(data: bytes | bytearray) -> int:
    """Where the head in the first bytes ends, or -1 while it has not; a bare LF ends nothing."""
    found = data.find(HEAD_END, 0, LONGEST_HEAD)
    return found + len(HEAD_END) if found >= 0 else -1


def read_head(data: bytes) -> Head:
    """The head in exactly these bytes, up to and with the empty line. Raises MalformedHead."""
    match = _GRAMMAR.fullmatch(data)
    if match is None:
        raise MalformedHead(_what_is_wrong(data))
    fields: list[tuple[str, str]] = []
    head = Head(match[1].decode("ascii"), match[2].decode("latin-1"), 1 if match[3] == b"1" else 0, ())
    connection = ""
    lines = match[4].decode("latin-1").split("\r\n")
    lines.pop()
    if len(lines) > MOST_FIELDS:
        raise MalformedHead(f"the request has {len(lines)} header fields; at most {MOST_FIELDS} are read")
    for line in lines:
        name, _, value = line.partition(":")
        name = name.lower()
        value = value.strip(" \t")
        if name in _READ_HERE:
            if name == "connection":
                connection = f"{connection},{value}" if connection else value
            elif name == "host":
                head.hosts = (*head.hosts, value)
            elif _framed(head, name, value):
                continue
        fields.append((name, value))
    head.headers = tuple(fields)
    _settle(head, connection.lower())
    return head


def _framed(head: Head, name: str, value: str) -> bool:
    """Take up one field that says how the request is read; True where it must not be passed on."""
    if name == "content-length":
        if head.length is not None:
            raise MalformedHead("the request has two Content-Length fields")
        if not LENGTH.fullmatch(value):
            raise MalformedHead(f"Content-Length is {value[:40]!r}, which is not a number of octets")
        head.length = int(value)
    elif name == "transfer-encoding":
        if head.chunked or value.lower() != "chunked":
            raise MalformedHead(f"Transfer-Encoding is {value[:40]!r}; the only one read is a single chunked")
        head.chunked = True
    elif name == "expect":
        head.expects_continue = value.lower() == "100-continue"
    elif name == "upgrade":
        head.upgrade = True
    else:
        head.proxy_authorization = value
        return True
    return False


def _settle(head: Head, connection: str) -> None:
    if head.chunked and head.length is not None:
        raise MalformedHead("the request has both Content-Length and Transfer-Encoding")
    if head.chunked and head.minor == 0:
        raise MalformedHead("the request is HTTP/1.0 with Transfer-Encoding, which HTTP/1.0 does not have")
    if not connection:
        head.keep_alive = head.minor == 1
        return
    options = {option.strip(" \t") for option in connection.split(",")}
    head.keep_alive = "close" not in options and (head.minor == 1 or "keep-alive" in options)


def _what_is_wrong(data: bytes) -> str:
    """The sentence for bytes that the grammar refused."""
    if b"\0" in data:
        return "the request's head contains a NUL"
    alone = data.replace(b"\r\n", b"")
    if b"\n" in alone:
        return "the request's head contains a line feed without a carriage return"
    if b"\r" in alone:
        return "the request's head contains a carriage return without a line feed"
    lines = data.split(b"\r\n")
    if not _LINE.fullmatch(lines[0]):
        return f"the request line {shown(lines[0])} is not a method, a target and HTTP/1.0 or HTTP/1.1"
    wrong = [line for line in lines[1:] if line and not _FIELD.fullmatch(line)]
    return _what_is_wrong_with(wrong[0]) if wrong else "the request's head is not HTTP/1.1"


def _what_is_wrong_with(line: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        return "a header field is folded over two lines"
    name = line.partition(b":")[0]
    if name[-1:] in (b" ", b"\t"):
        return f"there is a space between the header name {shown(name.rstrip())} and its colon"
    return f"the header field {shown(name)} is not a name, a colon and a value without control characters"


def shown(text: bytes) -> str:
    """Bytes of a client's in a sentence: short, printable, without query and user-info: they may hold credentials."""
    return repr(_USER_INFO.sub(b"...@", text.partition(b"?")[0])[:60].decode("latin-1"))
