"""Secret names: what headers, parameters and fields that hold a credential are called. Values are judged elsewhere.

Patterns are RE2 over Latin-1 octets, so that every octet is a character and every search is linear.
"""

from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 64 << 20


def linear(pattern: bytes) -> Any:
    """A compiled RE2 pattern over octets."""
    return re2.compile(pattern, _OPTIONS)


SEPARATOR = rb"(?:[^a-z0-9]|%(?:25)?(?:2[0de]|3a|5[bdf])){0,2}"

ENDINGS = (
    rb"""
    (?:passw(?:or)?d|pwd|passphrase)(?:s|~(?:confirm(?:ation)?|again|repeat|verif(?:y|ication)|hash|digest|old|new|plain|
    text|[0-9]))?|passcode|secrets?|secret~(?:value|string|binary)|token|(?:access|refresh|auth|bearer|session|api)~tokens|
    jwt|credentials?|client~assertion|assertion|authorization|authentication|code~verifier|device~code|authorization~code|
    auth~code|api~keys|
    api~key|access~key|access~key~id|private~key|secret~key|signing~key|encryption~key|auth~key|account~key|server~key|
    subscription~key|integration~key|license~key|shared~key|master~key|
    cvc|cvv2?|csc|cvc2|security~code|card~number|card~no|account~number|routing~number|iban|ssn|
    session~id|sess~id|x~amz~signature|x~amz~credential|x~goog~signature|x~goog~credential|awsaccesskeyid
""".replace(b"\n", b"")
    .replace(b" ", b"")
    .replace(b"~", SEPARATOR)
)
"""A field is a secret one if its name ends so: `client_secret`, `new[password]`, `X-Api-Key`, `refreshToken`."""

WHOLE = rb"pass|pin|pan|auth|sig|otp_secret|(?:set-)?cookie"
"""And if the name, or its last bracketed part, is exactly this."""

QUERY_WHOLE = WHOLE + rb"|key|code|signature|hmac|state_token|sas"
"""In a URL's query these as well: presigned links and authorisation codes."""

_AHEAD = rb"[^=&?#\"'<> \t\r\n\f]*"
IN_LINK = (
    rb"(?:(?:"
    + _AHEAD
    + rb"(?:\[|%(?:25)?5b))?(?:"
    + QUERY_WHOLE
    + rb")|"
    # Before a dot `key` and `code` are what scripts call the parts of everything.
    + _AHEAD
    + rb"(?:\.|%(?:25)?2e)(?:"
    + WHOLE
    + rb"))"
)
"""A parameter's whole name, or the last part of it: `user[key]`, `user.pass`."""

AFTER_NAME = rb"(?:\]|%(?:25)?5[Dd]|(?:\[|%(?:25)?5[Bb])[0-9]*(?:\]|%(?:25)?5[Dd]))*"
"""What may follow a name in a form: the brackets it stands in, and those of a list."""

_HARMLESS = linear(
    rb"(?i)(?:^|[^a-z])(?:next|page|continuation|pagination|start|cursor|sync|idempotency|client|client.?request|request|"
    rb"nextpage|syncpage|device|fcm|push|registration|starting|clientrequest|max|csrfmiddleware)[^a-z0-9]?token$"
)
"""Tokens that are cursors, request names or addresses of devices, and open nothing."""

MESSAGE_HARMLESS = linear(rb"(?i)^(?:.*[^a-z0-9])?tokens?$")
"""In a message, a bare `token` is whom it is for; a provider's own key is known by its shape or its pack."""

SUBPROTOCOL = "websocket_token"
"""Of a field that names protocols, among which browsers put a token, for they can send no other field."""

_SECRET_HEADERS = {
    b"authorization": "authorization",
    b"proxy-authorization": "authorization",
    b"cookie": "cookie",
    b"set-cookie": "cookie",
    b"cookie2": "cookie",
    b"set-cookie2": "cookie",
    b"x-amz-security-token": "aws_session_token",
    b"x-honeycomb-team": "honeycomb_key",
    b"sec-websocket-protocol": SUBPROTOCOL,
}
_SECRET_HEADER = linear(
    rb"(?i)(?:token|secret|api[-_]?key|passw(?:or)?d|credential|(?:^|[-_])(?:auth|pass|pwd|pin|session|jwt|"
    rb"otp|sid|passcode|passphrase|bearer|dpop|oauth|access[-_]?code)$|^(?:x-)?key$|authorization|"
    rb"authentication|session[-_]?id|(?:auth|access|private|subscription|functions?|sas|master|customer|encryption|signing|"
    rb"shared|license|licence|account|integration|server|service|client|write|read|admin|app|rest|"
    rb"rapidapi|fastly|insert|query|consumer|user|dev(?:eloper)?|team|project|webhook|environment|session|signature|hmac|"
    rb"publish|site|aio|tenant)[-_]?key$)"
)
_HARMLESS_HEADER = linear(
    rb"(?i)^(?:access-control-.*|idempotency-.*|.*-idempotency-token|sec-.*|.*next-?token|x-amz-client-token)$"
)


def header_label(name: str) -> str | None:
    """What a header's value is called when it is removed, or None for a header that holds no credential."""
    octets = name.encode("utf-8", "replace").lower()
    known = _SECRET_HEADERS.get(octets)
    if known is not None:
        return known
    if _SECRET_HEADER.search(octets) is None or _HARMLESS_HEADER.search(octets) is not None:
        return None
    return label_of(octets)


def harmless(name: bytes) -> bool:
    """Whether a name that ends like a secret's is known for something else."""
    return _HARMLESS.search(name) is not None


_NOT_LABEL = linear(rb"[^a-z0-9]+")


def label_of(name: bytes) -> str:
    """A name as a label: `card[cvc]` is `cvc`, `X-Api-Key` is `x_api_key`."""
    words = name.replace(b"%5B", b"[").replace(b"%5D", b"]").replace(b"%5b", b"[").replace(b"%5d", b"]")
    last = words.rstrip(b"]").rpartition(b"[")[2].lower()
    return _NOT_LABEL.sub(b"_", last).strip(b"_").decode()[:40] or "credential"
