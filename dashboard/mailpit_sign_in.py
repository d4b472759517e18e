"""Signing in as clients of Mailpit and MailHog do: with a user's name and a password, in place of a bearer token.

The password is the token; the name is anything. Only at their addresses: a browser that once knows a password sends it
along with every request, which the rest of the dashboard must never take for somebody's wish.
"""

import base64
import binascii

from starlette.datastructures import Headers

PLACES = ("/mailpit/", "/mailhog/", "/api/v2/")
"""What the addresses of both APIs begin with."""
CHALLENGE = 'Basic realm="soundstage", charset="UTF-8"'


BY_LINK = "Sign in with the link that Soundstage prints, or send the admin token as a bearer token."
AS_CLIENTS_DO = (
    "Bring the admin token, or a run's own, as the password; any user name will do: http://x:TOKEN@localhost:8025{}."
)
_ELSEWHERE = "/api/v1/"
"""Where Mailpit's API is by itself, and MailHog's first."""


def how_to_sign_in(path: str) -> str:
    """Told to who brought nothing that opens this address."""
    if path.startswith(_ELSEWHERE):
        return f"{BY_LINK} Mailpit's API is under /mailpit here, and MailHog's under /mailhog."
    if not is_drop_in(path):
        return BY_LINK
    return AS_CLIENTS_DO.format("" if path.startswith("/api/") else path[: path.index("/", 1)])


def is_drop_in(path: str) -> bool:
    """Whether it is one of their addresses. Their pages' own are not: people look there, and sign in as people do."""
    return path.startswith(PLACES) and path not in PLACES


def as_bearer(path: str, headers: Headers) -> Headers:
    """The same headers with the password as a bearer token, where that is how one signs in."""
    given = headers.get("authorization", "")
    scheme, _, encoded = given.partition(" ")
    if scheme.lower() != "basic" or not is_drop_in(path):
        return headers
    raw = [(name, value) for name, value in headers.raw if name.lower() != b"authorization"]
    return Headers(raw=[*raw, (b"authorization", b"Bearer " + _password(encoded))])


def _password(encoded: str) -> bytes:
    """Empty, which no token is, where nothing can be read (RFC 7617)."""
    try:
        return base64.b64decode(encoded.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
