"""Evidence: the first bytes of what could not be read, kept with a capture, with the credentials in them removed."""

import re

from policies.body import EMPTY, Body

KEPT = 2_048
_FIELD = re.compile(
    rb"(?im)^([\w-]*(?:auth|cookie|key|token|secret|pass|signature|session|credential)[\w-]*[ \t]*:)[^\r\n]*"
    rb"(?:\r?\n[ \t]+[^\r\n]*)*"
)
_QUERY = re.compile(rb"\?[^ \r\n]*")
_USER_INFO = re.compile(rb"(://|^CONNECT )[^/@\s]*@")
_NO_PORT = re.compile(rb"^(CONNECT [^\s:]*:)(?!\d{1,5}(?:\s|$))[^\s]+")
_CREDENTIALS = re.compile(rb"(?i)\b(?:auth|pass\w*|login|identify|oper)\b(?![ \t]*:)")
"""Of line protocols that met an HTTP port: FTP and POP3 (`PASS`), Redis and SMTP (`AUTH`), IMAP (`LOGIN`), STOMP."""
_HTTP = re.compile(rb"[^\r\n]* HTTP/\d")
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_BINARY = re.compile(rb"[^\t\r\n\x20-\x7e\x80-\xff]")
TLS = b"\x16\x03"
BINARY_KEPT = 16
"""Octets that tell one binary protocol from another; where in the others a password stands, only it knows."""
REMOVED = b"[removed:credential]"


def evidence(seen: bytes) -> Body:
    """What is kept of bytes that were refused: their beginning. Of a request's head, never its body."""
    if not seen:
        return EMPTY
    if _BINARY.search(seen) and not seen.startswith(TLS):
        return Body.of(seen[:BINARY_KEPT])
    kept = _HEAD_ENDS.split(seen, 1)[0][:KEPT]
    kept = _FIELD.sub(rb"\1 " + REMOVED, kept)
    kept = _USER_INFO.sub(rb"\1" + REMOVED + b"@", kept)
    kept = _NO_PORT.sub(rb"\1" + REMOVED, kept)
    kept = _QUERY.sub(b"?" + REMOVED, kept)
    if not _HTTP.match(kept):
        credentials = _CREDENTIALS.search(kept)
        if credentials is not None:
            kept = kept[: credentials.end()] + b" " + REMOVED
    return Body.of(kept)
