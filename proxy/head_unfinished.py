"""What has come of a request's head so far: whether it can still become one, or nobody will answer it. Pure."""

import re

from proxy.head import LONGEST_HEAD, NO_HEAD_YET, Head, MalformedHead, head_end, read_head
from proxy.protocol import not_http

_START = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}(?: [^\r\n]*)?\r?")

BEHIND_THE_LAST = "a request came behind one that was the connection's last; it was not answered"
"""RFC 9112, 9.6: what is sent after `Connection: close` is not processed. It was attempted all the same."""


class TooLongHead(MalformedHead):
    """Nobody reads a head of this length."""


def must_become_a_head(buffer: bytes | bytearray, port: int) -> None:
    """Refuse at once what no further byte can make a request: a client that speaks first would wait for nothing.

    `buffer` has no whole head in it. `port`: that the connection was opened for, 0 where nobody said one.
    Raises MalformedHead and TooLongHead.
    """
    if buffer in NO_HEAD_YET:
        return
    if len(buffer) >= LONGEST_HEAD:
        raise TooLongHead(f"the request's head is longer than {LONGEST_HEAD} octets")
    line = bytes(buffer.partition(b"\n")[0])
    if not _START.fullmatch(line):
        raise MalformedHead(not_http(bytes(buffer), port))
    if b"\n\n" in buffer:
        raise MalformedHead("the request's head contains a line feed without a carriage return")


def behind(ahead: bytes) -> Head | None:
    """The first head in bytes that nobody will answer, for the name of whom it means; None where it is none."""
    ahead = ahead.removeprefix(b"\r\n")
    try:
        return read_head(ahead[: max(head_end(ahead), 0)])
    except MalformedHead:
        return None
