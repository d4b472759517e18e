"""SMTP AUTH (RFC 4954): the exchanges of PLAIN, LOGIN, CRAM-MD5 and XOAUTH2. Any credentials are accepted.

What a client says of itself becomes a `RunClaim`; whether it is true is judged by whoever keeps the runs. Nothing said
here is kept in a transcript.
"""

import base64
import binascii
import secrets
import time
from collections.abc import Generator

from policies.http_request import RunClaim

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")
"""In the order they are offered. PLAIN first: clients that take the first one let a run prove its token."""

CRAM_PREFIX = "cram-md5"
"""A claim made by CRAM-MD5 has no token but `cram-md5:<challenge>:<digest>`: the secret itself is never sent."""

Exchange = Generator[bytes, bytes, RunClaim]
"""Yields challenges, is sent responses (both decoded), returns the claim."""


class BadAuth(Exception):
    """The exchange failed. The message is the whole SMTP reply."""


def exchange(mechanism: str, hostname: str) -> Exchange:
    """The server's side of a mechanism. Raises BadAuth for one that is not offered."""
    match mechanism.upper():
        case "PLAIN":
            return _plain()
        case "LOGIN":
            return _login()
        case "CRAM-MD5":
            return _cram_md5(hostname)
        case "XOAUTH2":
            return _xoauth2()
    raise BadAuth("504 5.5.4 This authentication mechanism is not offered; these are: " + " ".join(MECHANISMS))


def decoded(response: bytes) -> bytes:
    """A response's octets. `=` stands for an empty one, `*` cancels. Raises BadAuth."""
    if response == b"*":
        raise BadAuth("501 5.7.0 Authentication cancelled")
    if response == b"=":
        return b""
    try:
        return base64.b64decode(response, validate=True)
    except binascii.Error:
        raise BadAuth("501 5.5.2 The response is not valid base64") from None


def _plain() -> Exchange:
    """RFC 4616: authorisation identity, NUL, user, NUL, password."""
    parts = (yield b"").split(b"\0")
    if len(parts) != 3:
        raise BadAuth("501 5.5.2 A PLAIN response is three fields with NUL between them")
    return RunClaim(_text(parts[1]), _text(parts[2]))


def _login() -> Exchange:
    """Never standardised; the two prompts are what clients look for."""
    user = yield b"Username:"
    password = yield b"Password:"
    return RunClaim(_text(user), _text(password))


def _cram_md5(hostname: str) -> Exchange:
    """RFC 2195: a challenge in the form of a Message-ID, answered with user, space, HMAC-MD5."""
    challenge = f"<{secrets.randbits(64)}.{int(time.time())}@{hostname}>"
    user, space, digest = _text((yield challenge.encode("ascii"))).rpartition(" ")
    if not space:
        raise BadAuth("501 5.5.2 A CRAM-MD5 response is a user, a space and a digest")
    return RunClaim(user, f"{CRAM_PREFIX}:{challenge}:{digest}")


def _xoauth2() -> Exchange:
    """Google's and Microsoft's: `user=...^Aauth=Bearer ...^A^A`, ^A being octet 1."""
    fields = dict(
        field.partition("=")[::2]  # the token itself may hold `=`
        for field in _text((yield b"")).split("\x01")
        if field
    )
    if "user" not in fields or "auth" not in fields:
        raise BadAuth("501 5.5.2 A XOAUTH2 response holds the fields user and auth")
    return RunClaim(fields["user"], fields["auth"].partition(" ")[2])


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
