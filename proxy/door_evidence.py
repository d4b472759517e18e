"""Evidence: the first bytes of what could not be read, kept with a capture, with the credentials in them removed."""

import re

from policies.body import EMPTY, Body

KEPT = 2_048
_FIELD = re.compile(
    rb"(?im)^([\w-]*(?:auth|cookie|key|token|secret|passw|signature|session|credential)[\w-]*[ \t]*:)[^\r\n]*"
)
_QUERY = re.compile(rb"\?[^ \r\n]*")
_USER_INFO = re.compile(rb"(://)[^/@\s]*@")
_COMMAND = re.compile(rb"(?im)^([ \t]*(?:pass|auth|login)\b)[^\r\n]*")
"""Of line protocols that met an HTTP port: FTP and POP3 (`PASS`), Redis and SMTP (`AUTH`), IMAP (`LOGIN`)."""
REMOVED = b"[removed:credential]"


def evidence(seen: bytes) -> Body:
    """What is kept of bytes that were refused: their beginning. Of a request's head, never its body."""
    if not seen:
        return EMPTY
    kept = seen.partition(b"\r\n\r\n")[0][:KEPT]
    kept = _FIELD.sub(rb"\1 " + REMOVED, kept)
    kept = _COMMAND.sub(rb"\1 " + REMOVED, kept)
    kept = _USER_INFO.sub(rb"\1" + REMOVED + b"@", kept)
    return Body.of(_QUERY.sub(b"?" + REMOVED, kept))
