"""What has come of a request's head so far: whether it can still become one. Pure; heads are read elsewhere."""

import re

from proxy.door_body import Refused
from proxy.head import LONGEST_HEAD, NO_HEAD_YET, MalformedHead
from proxy.protocol import not_http

_START = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}(?: [^\r\n]*)?\r?")


def must_become_a_head(buffer: bytearray, port: int) -> None:
    """Refuse at once what no further byte can make a request: a client that speaks first would wait for nothing.

    `port`: that the connection was opened for, 0 where nobody said one. Raises MalformedHead and Refused.
    """
    if buffer in NO_HEAD_YET:
        return
    if len(buffer) >= LONGEST_HEAD:
        raise Refused(431, f"the request's head is longer than {LONGEST_HEAD} octets", "malformed")
    line = bytes(buffer[:LONGEST_HEAD].partition(b"\n")[0])
    if not _START.fullmatch(line):
        raise MalformedHead(not_http(bytes(buffer[:LONGEST_HEAD]), port))
