"""Hosts: the one spelling of a name or address that decisions are made on.

Splitting off ports and user-info belongs in authority.py.
"""

import ipaddress
import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

import idna

LONGEST_NAME = 253
LONGEST_LABEL = 63
LONGEST_INPUT = 1024
"""Code points of a name as sent. A longer one is no name, and must not be kept as the key of a cache either."""

_LABEL = re.compile(r"[a-z0-9_-]{1,63}\Z")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")
_ZONE = re.compile(r"%[A-Za-z0-9._~%-]{1,64}\Z")
_INET_ATON_PARTS = 4


class BadName(ValueError):
    """What was sent where a host belongs is none: the client's author must act, and until then it never leaves."""


@lru_cache(maxsize=16_384)
def canonical_host(text: str) -> str:
    """A lower-case A-label name without its one trailing dot (IDNA 2008 over UTS 46), or an address as usually spelt.

    Addresses are recognised in each spelling `inet_aton` takes; an IPv4-mapped IPv6 address is the IPv4 address,
    because that is where its connection goes. Underscores and hyphens are accepted anywhere in an ASCII label, as
    DNS does.
    Raises BadName for anything else.
    """
    if not text or len(text) > LONGEST_INPUT:
        raise BadName(f"{_shown(text)} is not a host name: it is {'too long' if text else 'empty'}")
    plain = text if text.isascii() else _mapped(text)
    address = as_address(plain)
    if address is not None:
        return str(address)
    name = plain.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > LONGEST_NAME:
        raise BadName(f"{_shown(text)} is not a host name: it is longer than {LONGEST_NAME} octets")
    for label in labels:
        _check_label(label, text)
    if _NUMBER.match(labels[-1]):
        raise BadName(f"{_shown(text)} is not a host name: it ends in a number and is no IPv4 address")
    return name


def as_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` spells, or None.

    Takes what libc's `inet_aton` takes (`2130706433`, `0177.0.0.1`, `0x7f000001`, `127.1`), brackets, zone ids (which
    are dropped) and one trailing dot. An IPv4-mapped IPv6 address comes out as IPv4.
    """
    if ":" in text:
        return _ipv6(text)
    if not text or not (text[0].isdigit() and text.isascii()):
        return None
    return _inet_aton(text.lower().removesuffix("."))


def _ipv6(text: str) -> IPv4Address | IPv6Address | None:
    if text.startswith("["):
        if not text.endswith("]"):
            return None
        text = text[1:-1]
    try:
        address = IPv6Address(_ZONE.sub("", text))
    except ipaddress.AddressValueError:
        return None
    return address.ipv4_mapped or address


def _inet_aton(text: str) -> IPv4Address | None:
    parts = text.split(".")
    if len(parts) > _INET_ATON_PARTS:
        return None
    numbers = [_number(part) for part in parts]
    value = 0
    for number in numbers[:-1]:
        if number is None or number > 255:
            return None
        value = value << 8 | number
    last, room = numbers[-1], 8 * (_INET_ATON_PARTS + 1 - len(parts))
    if last is None or last >= 1 << room:
        return None
    return IPv4Address(value << room | last)


def _number(part: str) -> int | None:
    """One part of a dotted address: decimal, octal after `0`, hexadecimal after `0x`."""
    if not _NUMBER.match(part) or len(part) > LONGEST_LABEL:
        return None
    try:
        if part.startswith("0x"):
            return int(part[2:] or "0", 16)
        return int(part, 8 if part.startswith("0") else 10)
    except ValueError:
        return None


def _mapped(text: str) -> str:
    """A name with letters beyond ASCII as A-labels; digits that only look different become digits."""
    try:
        folded = idna.uts46_remap(text, std3_rules=False, transitional=False)
        if folded.isascii():
            return folded
        return idna.encode(folded, uts46=False).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise BadName(f"{_shown(text)} is not a host name: {_plain(error)}") from error


def _check_label(label: str, text: str) -> None:
    if not _LABEL.match(label):
        raise BadName(f"{_shown(text)} is not a host name: its label {_shown(label)} is {_fault_of(label)}")
    if not label.startswith("xn--"):
        return
    try:
        idna.ulabel(label)
    except (idna.IDNAError, UnicodeError) as error:
        raise BadName(f"{_shown(text)} is not a host name: {_shown(label)} is no A-label ({_plain(error)})") from error


def _fault_of(label: str) -> str:
    if not label:
        return "empty"
    if len(label) > LONGEST_LABEL:
        return f"longer than {LONGEST_LABEL} octets"
    return "not made of letters, digits, hyphens and underscores"


def _plain(error: Exception) -> str:
    """The library's words without the raw characters it quotes."""
    return str(error).encode("ascii", "backslashreplace").decode("ascii")[:200]


def _shown(text: str) -> str:
    """Quoted, escaped and short enough for a sentence: it came from outside."""
    return ascii(text if len(text) <= 80 else text[:77] + "...")
