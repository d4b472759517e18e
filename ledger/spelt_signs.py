"""SpeltSigns: how the signs between a key's letters are written where a text escapes them. RE2 patterns over octets.

JSON escapes a slash by PHP's habit and other signs by Gson's and .NET's, HTML templates write `&#x2F;`, forms and
queries `%2F`, and what is put into one of them a second time is escaped twice.
"""

from typing import Any

from ledger.secret_names import linear


def spelt(sign: bytes) -> bytes:
    """The pattern of one sign (not a letter, digit or space) in any spelling, itself included."""
    code = b"%02x" % ord(sign)
    # Not by `(?i)`: of a hint's pattern both engines must read the letters alike.
    digits = b"".join(b"[%c%c]" % (digit, digit - 32) if digit > 96 else b"%c" % digit for digit in code)
    return (
        rb"(?:\\*" + _literal(sign) + rb"|%(?:25)*" + digits + rb"|\\+u00" + digits + rb"|&(?:amp;)*#(?:0*"
        b"%d|[xX]0*%b);)" % (ord(sign), digits)
    )


def _literal(sign: bytes) -> bytes:
    return sign if sign in b"/=@&:," else b"\\" + sign


SLASH = spelt(b"/")
EQUALS = spelt(b"=")
_SLASH = linear(SLASH)


def slashed(text: bytes) -> bytes:
    """The text with its slashes as themselves, so that a key has one digest however it came."""
    return bytes(_SLASH.sub(b"/", text))


def plain_sign(match: Any) -> bytes:
    """Of a JSON escape of one printable sign, the sign; of an escaped backslash, itself."""
    escape: bytes = match.group(0)
    if escape == b"\\\\":
        return escape
    return b"/" if escape.endswith(b"/") else bytes([int(escape[-2:], 16)])
