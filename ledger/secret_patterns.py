"""Secret patterns: credentials known by their shape, wherever they stand, and card numbers. RE2, linear."""

import base64
import binascii
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

from ledger.secret_names import linear
from ledger.spelt_signs import SLASH, plain_sign, slashed

Mark = Callable[[str, bytes], bytes]
"""What replaces a secret, from its label and its octets."""

# A run's own token (`ledger.run_keys`), and it in base64 at each of the three places it may begin at: `run:token`
# copied out of a header. Of hexadecimal digits base64 leaves few letters, so that nothing else looks like it.
_QUARTET = rb"[A-Za-z0-9]{2}[h-m0-5w-z]"
_RUN_TOKEN = (
    rb"(?i:soundstage(?:_|%5f)[0-9a-f]{40})|(?:c291bmRzdGFnZV[A-Za-z0-9][h-m0-5w-z]|NvdW5kc3RhZ2Vf|zb3VuZHN0YWdlX"
    + _QUARTET
    + rb")(?:[MNOYZ]"
    + _QUARTET
    + rb"){12}[A-Za-z0-9+/_-]*={0,2}"
)

# As a form writes them, in either of the two ways there are for a space.
_SPACE = rb"(?:[ +]|%20)"
_BASE64 = rb"[A-Za-z0-9+/=_-]|%(?:25)*2[BbFf]|%(?:25)*3[Dd]|\\+/|\\+u00(?:2[BbFf]|3[Dd])"
_PRIVATE = _SPACE + rb"(?:[A-Z0-9 +]|%20)*PRIVATE" + _SPACE + rb"KEY-----"

_PACKED_PRIVATE = (
    b"(?:"
    + b"|".join(
        base64.b64encode(b"-----BEGIN " + kind)[:20]
        for kind in (b"PRIVATE", b"RSA PRIVATE", b"EC PRIVATE", b"OPENSSH P", b"ENCRYPTED", b"DSA PRIVATE")
    )
    + rb")(?:[A-Za-z0-9+/=_-]|\\/){8,}"
)
"""A private key's file in base64, as the settings of a cluster's clients hold it."""
PACKED_KEYS = b"|".join(
    base64.b64encode(start)[: len(start) * 8 // 6]
    for start in (
        b"sk_live_", b"sk_test_", b"rk_live_", b"rk_test_", b"whsec_", b"xoxb-", b"xoxp-", b"xapp-", b"SG.", b"AKIA",
        b"ASIA", b"AIza", b"ya29.", b"ghp_", b"github_pat_", b"glpat-", b"sk-proj-", b"sk-ant-", b"npm_", b"shpat_",
    )
)  # fmt: skip
"""How base64 of a key alone begins, as a cluster's secrets and settings hold it."""
_SLACK = (
    rb"(?i:hooks\.slack(?:-gov)?\.com)"
    + SLASH
    + rb"(?:services|workflows|triggers)(?:[A-Za-z0-9_-]|"
    + SLASH
    + rb"){6,}|"
    + SLASH
    + b"services"
    + SLASH
    + b"T[A-Z0-9]{7,}"
    + SLASH
    + b"B[A-Z0-9]{7,}"
    + SLASH
    + b"[A-Za-z0-9]{16,}"
)
"""With its host, or by the names of a team and a bot alone."""
_CHAT = (
    SLASH
    + b"api"
    + SLASH
    + b"webhooks"
    + SLASH
    + b"[0-9]{10,}"
    + SLASH
    + b"[A-Za-z0-9_-]{20,}|"
    + SLASH
    + b"webhookb2"
    + SLASH
    + b"(?:[A-Za-z0-9@_-]|%40|"
    + SLASH
    + b"){20,}"
)
_USER_INFO = (
    rb"(?:[^/\s:@\"'<>\\]{0,200}:[^/\s@\"'<>\\]{1,400}(?:@[^/\s@,;&?#\"'<>\\]{1,100})*|[A-Za-z0-9_-]{20,200}:?)"
)
"""A user and a password, in which there may be an `@`; or a user that by its length is a token."""

_KEYS: tuple[tuple[str, bytes], ...] = (
    ("run_token", _RUN_TOKEN),
    ("stripe_secret_key", rb"\b(?:sk|rk)_(?:live|test|org_live|org_test)_[0-9A-Za-z]{6,}"),
    ("stripe_webhook_secret", rb"\bwhsec_(?:" + _BASE64 + rb"){8,}"),
    ("slack_token", rb"\b(?:xox[a-z](?:\.xox[a-z])?|xapp)-[0-9A-Za-z-]{6,}"),
    ("slack_webhook", _SLACK),
    ("sendgrid_api_key", rb"\bSG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("aws_access_key_id", rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("google_api_key", rb"\bAIza[0-9A-Za-z_-]{30,}"),
    ("google_access_token", rb"\bya29\.[0-9A-Za-z._-]{10,}"),
    ("github_token", rb"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("gitlab_token", rb"\bglpat-[0-9A-Za-z_-]{16,}"),
    ("twilio_api_key", rb"\bSK[0-9a-f]{32}\b"),
    ("mailgun_api_key", rb"\bkey-[0-9a-f]{32}\b"),
    ("llm_api_key", rb"\bsk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{20,}"),
    ("square_token", rb"\b(?:EAAA[A-Za-z0-9_-]{40,}|sq0[a-z]{3}-[A-Za-z0-9_-]{20,})"),
    ("razorpay_key", rb"\brzp_(?:live|test)_[A-Za-z0-9]{10,}"),
    ("payment_token", rb"\b(?:live|sandbox)_[A-Za-z0-9_-]{30,}"),
    (
        "braintree_token",
        rb"\b(?:access_token|client_secret)(?:\$|%24)(?:production|sandbox)(?:\$|%24)(?:[a-z0-9$]|%24)+",
    ),
    ("shopify_token", rb"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}"),
    ("telegram_bot_token", rb"(?:\b|bot)[0-9]{8,10}:AA[0-9A-Za-z_-]{30,}"),
    ("package_token", rb"\b(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|dop_v1_[0-9a-f]{40,})"),
    ("private_key", rb"-----BEGIN" + _PRIVATE + rb"(?s:.*?)(?:-----END" + _PRIVATE + rb"|\z)|" + _PACKED_PRIVATE),
    (
        "jwt",  # Signed (RFC 7515), or encrypted (RFC 7516).
        rb"\beyJ[A-Za-z0-9_-]{8,}\.(?:eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?|(?:[A-Za-z0-9_-]*\.){3}[A-Za-z0-9_-]+)",
    ),
    ("bearer_token", rb"(?i:\bbearer" + _SPACE + rb"+(?:[.~]|" + _BASE64 + rb"){12,})"),
    ("basic_credential", rb"(?i:\bbasic" + _SPACE + rb"+(?:" + _BASE64 + rb"){8,})"),
    ("websocket_token", rb"\bbase64url\.bearer\.authorization\.k8s\.io\.[A-Za-z0-9_-]+"),
    ("packed_key", rb"\b(?:" + PACKED_KEYS + rb")(?:[A-Za-z0-9+/_-]|%2[BbFf]|\\/){16,}(?:=|%3[Dd]){0,2}"),
    ("chat_webhook", _CHAT),
    ("url_password", rb":" + SLASH + b"{2}" + _USER_INFO + b"@"),
)

ANY_KEY = b"|".join(b"(?:" + pattern + b")" for _, pattern in _KEYS)
_FINDER = linear(b"|".join(b"(" + pattern + b")" for _, pattern in _KEYS))
_HARMLESS_IN_TEXT = {"run_token", "url_password", "bearer_token", "basic_credential", "jwt"}

RUN_OF_DIGITS = rb"(?:\b|%[A-F]|[_G-Zg-z])[0-9](?:(?:[ +-]|%20)?[0-9]){12,}(?:\b|[_G-Zg-z])"
_RUN = linear(RUN_OF_DIGITS)
OURS = linear(_RUN_TOKEN)
"""A run's own token, which is no part of anybody's message."""
_GROUP = linear(rb"[0-9]+")
_SPACES = linear(b"^" + _SPACE + b"+")
_AUTHORITY = linear(rb"^(:" + SLASH + rb"{2})([^:@]*)(?:(:)(?s:(.*)))?@$")
_JSON_SIGN = linear(rb"\\+(?:/|u00(?:2[BbFf]|3[Dd]))")


def without_keys(text: bytes, mark: Mark, whole_only: bool = False) -> tuple[bytes, set[str]]:
    """The text without known keys, and the labels of those that were found.

    With `whole_only` (a message's text is kept) only a key that is all of a quoted or form value is replaced, and a
    run's own token wherever it stands: that is nobody's message.
    """
    found: set[str] = set()
    pieces: list[bytes] = []
    done = 0
    for match in _FINDER.finditer(text):
        start, end = match.span()
        label = _KEYS[next(index for index, group in enumerate(match.groups()) if group is not None)][0]
        if label == "basic_credential" and not _is_basic(match.group(0)):
            continue
        found.add(label)
        if whole_only and not _is_whole(text, start, end):
            kept = without_ours(match.group(0), mark)
        else:
            kept = _replaced(label, match.group(0), mark)
        pieces += (text[done:start], kept)
        done = end
    return (b"".join(pieces) + text[done:] if done else text), found


def without_ours(text: bytes, mark: Mark) -> bytes:
    """The text without run tokens of our own, and with all else."""
    return bytes(OURS.sub(lambda match: mark("run_token", match.group(0)), text))


def _is_whole(text: bytes, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return before in (b'"', b"=", b">") and after in (b'"', b"&", b"<", b"")


def _is_basic(text: bytes) -> bool:
    """Whether what follows the word is a user and a password in base64 (RFC 7617), and not prose."""
    try:
        return b":" in base64.b64decode(_after(text[5:]))
    except binascii.Error:
        return False


def _after(spaced: bytes) -> bytes:
    """What comes after spaces, however a form writes it."""
    value = bytes(_SPACES.sub(b"", spaced))
    if b"\\" in value:
        value = bytes(_JSON_SIGN.sub(plain_sign, value))
    return unquote_to_bytes(value) if b"%" in value else value


def _replaced(label: str, secret: bytes, mark: Mark) -> bytes:
    if label == "url_password":
        match = _AUTHORITY.search(secret)
        # `https://token:@host` and `https://token:x-oauth-basic@host`, as version control is told of one.
        before, user, colon, password = (match.group(group) or b"" for group in range(1, 5))
        if password in (b"", b"x", b"x-oauth-basic"):
            return before + mark(label, user) + colon + password + b"@"
        return before + user + colon + mark(label, password) + b"@"
    if label in ("bearer_token", "basic_credential"):
        scheme = label.partition("_")[0]
        return secret[: len(scheme)] + b" " + mark(label, _after(secret[len(scheme) :]))
    if label == "slack_webhook":
        host, _, path = slashed(secret).partition(b"/")
        return host + b"/services/" + mark(label, path)
    if label == "chat_webhook":
        return mark(label, slashed(secret))
    return mark(label, secret)


def is_live(labels: set[str]) -> bool:
    """Whether keys found in a message's text are worth an alert."""
    return bool(labels - _HARMLESS_IN_TEXT)


def key_label(secret: bytes) -> str | None:
    """Which known key this is the whole of."""
    match = _FINDER.fullmatch(secret)
    if match is None:
        return None
    return _KEYS[next(index for index, group in enumerate(match.groups()) if group is not None)][0]


def without_cards(text: bytes, mark: Mark, *, json: bool = False) -> tuple[bytes, bool]:
    """The text without payment card numbers, and whether there were any. Dates and ids fail prefix or check digit."""
    pieces: list[bytes] = []
    done = looked = 0
    quoted = False
    for match in _RUN.finditer(text):
        offset = match.span()[0]
        for start, end, digits in _cards(match.group(0)):
            at, until = offset + start, offset + end
            if json:
                quoted ^= _quotes(text[looked:at]) % 2 == 1
                looked = at
            removed = mark("card_number", digits)
            if json and not quoted:
                if _goes_on(text, at, until):
                    continue
                removed = b'"' + removed + b'"'
            pieces += (text[done:at], removed)
            done = until
    return (b"".join(pieces) + text[done:], True) if done else (text, False)


def _quotes(text: bytes) -> int:
    """Quotation marks that open or close a JSON string."""
    return text.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')


def _goes_on(text: bytes, start: int, end: int) -> bool:
    """Whether a bare number has a sign, a fraction or an exponent: an amount, not a card."""
    return text[start - 1 : start] in (b"-", b".", b"+") or text[end : end + 1] in (b".", b"e", b"E")


def _cards(run: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Card numbers within a run of digit groups, each whole groups, not overlapping."""
    groups = [match.span() for match in _GROUP.finditer(run.replace(b"%20", b"   "))]
    index = 0
    while index < len(groups):
        taken = 1
        digits = b""
        for count, (_, end) in enumerate(groups[index : index + 19], 1):
            digits += run[groups[index + count - 1][0] : end]
            if len(digits) > 19:
                break
            if is_card(digits):
                yield groups[index][0], end, digits
                taken = count
                break
        index += taken


_CARD = linear(
    rb"4[0-9]{12}(?:[0-9]{3}){0,2}|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}|"
    rb"35[0-9]{14}|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}|62[0-9]{14,17}"
)


def is_card(digits: bytes) -> bool:
    """A number of a card scheme's length and prefix (ISO/IEC 7812) whose check digit (Luhn) is right."""
    if not 13 <= len(digits) <= 19 or _CARD.fullmatch(digits) is None:
        return False
    values = [digit - 48 for digit in digits[::-1]]
    doubled = sum(value * 2 - (9 if value > 4 else 0) for value in values[1::2])
    return (sum(values[0::2]) + doubled) % 10 == 0
