"""Paths: the one spelling of a request's path that decisions are made on. The query is no part of it."""

import re
from functools import lru_cache
from unicodedata import normalize

_PLAIN = re.compile(r"/[A-Za-z0-9/_~!$&'()*+,=:@.-]*\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|.", re.DOTALL)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_LITERAL = _UNRESERVED | frozenset(b"/!$&'()*+,;=:@")
_AMBIGUOUS = re.compile(
    r"%(?:2F|5C|2E|3F|23|3B|25[0-9A-F]{2}|[01][0-9A-F]|7F)|;|/\.{1,2}(?:%20)+(?:/|\Z)", re.IGNORECASE
)
"""Servers differ in what they make of these: an encoded slash, backslash, dot or control, an escape encoded twice, a
path parameter (`/admin;a/x` is `/admin/x` to many), also an encoded one, an encoded `?` or `#` (who decodes before the
path is parted from its query has it end there), dots before a space."""
_SIGNS = frozenset("./\\;%?#")
"""What a server may make of a full-width dot or slash (U+FF0E, U+FF0F and their like) by compatibility (NFKC)."""
_CACHED_LENGTH = 512


def canonical_path(target: str) -> str:
    """The path of a request target (origin form, latin-1), as decisions see it.

    Escapes of unreserved characters are decoded, other escapes upper-case, characters that need one escaped, dot
    segments resolved, repeated slashes and backslashes made one slash (RFC 3986, section 6.2.2, and what servers do
    beyond it). `%2F` stays: whether it parts segments only the provider knows. Never fails.
    """
    return _read(target)[0]


def is_canonical(target: str) -> bool:
    """Whether the path was sent in the one form decisions are made on, so that no server reads another one into it."""
    return _read(target)[1]


def _read(target: str) -> tuple[str, bool]:
    if len(target) <= _CACHED_LENGTH:
        return _remembered(target)
    return _judged(target)


def _judged(target: str) -> tuple[str, bool]:
    path, _, _ = target.partition("?")
    if "#" in target:
        return _normal(path.partition("#")[0]), False
    if path == "*" or (_PLAIN.match(path) and "//" not in path and "/." not in path):
        return path, True
    normal = _normal(path)
    return normal, normal == path and not _AMBIGUOUS.search(path) and _is_utf8(path)


_remembered = lru_cache(maxsize=4096)(_judged)


def _normal(path: str) -> str:
    escaped = _ESCAPE.sub(_spelt, path)
    segments = _resolved(escaped.replace("\\", "/").split("/"))
    return "/" + "/".join(segments)


def _spelt(match: re.Match[str]) -> str:
    """One character or escape in its one spelling. A backslash stays for the split into segments."""
    digits, sent = match.group(1), match.group(0)
    if digits is not None:
        octet = int(digits, 16)
        return chr(octet) if octet in _UNRESERVED else f"%{digits.upper()}"
    octets = sent.encode("latin-1") if ord(sent) < 256 else sent.encode("utf-8", "surrogatepass")
    if sent == "\\" or (len(octets) == 1 and octets[0] in _LITERAL):
        return sent
    return "".join(f"%{octet:02X}" for octet in octets)


def _resolved(parts: list[str]) -> list[str]:
    """Segments without dot segments, also where a parameter hides one (`..;x`), and without empty ones but the last."""
    kept: list[str] = []
    for part in parts:
        bare = part.partition(";")[0]
        if bare == "..":
            if kept:
                kept.pop()
        elif part and bare != ".":
            kept.append(part)
    ends_in_slash = parts[-1] == "" or parts[-1].partition(";")[0] in (".", "..")
    return [*kept, ""] if ends_in_slash and kept else kept


def _is_utf8(path: str) -> bool:
    """Overlong forms (`%C0%AF` for a slash) are how old servers were fooled: what is not UTF-8 is not canonical."""
    if "%" not in path:
        return True
    octets = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), path.encode("latin-1", "replace"))
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.isascii() or not any(
        _SIGNS.intersection(normalize("NFKC", sign)) for sign in text if not sign.isascii()
    )
