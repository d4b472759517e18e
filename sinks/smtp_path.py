"""Paths and parameters of MAIL and RCPT (RFC 5321, sections 4.1.2 and 4.1.1.11; RFC 6531; RFC 3461). Pure parsing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policies.quick import quick

ADDRESS_OCTETS = 1000
"""RFC 5321 asks for 256; senders of verp addresses pass it."""


class BadPath(Exception):
    """The argument of MAIL or RCPT cannot be understood. The message is the whole SMTP reply."""


@quick
@dataclass(frozen=True)
class SmtpPath:
    """One address with the parameters that followed it, as sent."""

    address: str
    """Without angle brackets and without a source route; empty for the null sender."""
    options: tuple[str, ...] = ()

    def option(self, name: str) -> str | None:
        """The value of a parameter (upper-case name), empty where it has none, None where it is missing."""
        for option in self.options:
            key, _, value = option.partition("=")
            if key.upper() == name:
                return value
        return None


_PLAIN: Mapping[str, re.Pattern[bytes]] = {
    keyword: re.compile(rb"(?i:%b) *<([!#-;=?A-~][!#-;=?-~]{0,999}|)>" % keyword.encode("ascii"))
    for keyword in ("FROM:", "TO:")
}
"""An address in brackets and nothing else, as nearly all are: ASCII, unquoted, without a source route."""


def _any(value: str) -> bool:
    return value != ""


MAIL_OPTIONS: Mapping[str, Callable[[str], bool]] = {
    "SIZE": lambda value: value.isascii() and value.isdigit() and len(value) <= 20,
    "BODY": lambda value: value.upper() in ("7BIT", "8BITMIME"),
    "SMTPUTF8": lambda value: value == "",
    "RET": lambda value: value.upper() in ("FULL", "HDRS"),
    "ENVID": _any,
    "AUTH": _any,
}
RCPT_OPTIONS: Mapping[str, Callable[[str], bool]] = {"NOTIFY": _any, "ORCPT": lambda value: ";" in value}


def read_path(argument: bytes, keyword: str, known: Mapping[str, Callable[[str], bool]]) -> SmtpPath:
    """Read `FROM:<address> KEY=value ...`. Angle brackets may be missing, as several clients forget them.

    Raises BadPath with the reply: 501 for syntax, 555 for a parameter that was not offered.
    """
    plain = _PLAIN[keyword].fullmatch(argument)
    if plain is not None:
        return SmtpPath(plain[1].decode("ascii"))
    text = _text(argument)
    if text[: len(keyword)].upper() != keyword:
        raise BadPath(f"501 5.5.4 Syntax: {keyword}<address>")
    text = text[len(keyword) :].lstrip(" ")
    end = _end(text)
    options = tuple(text[end:].split())
    for option in options:
        _check(option, known)
    return SmtpPath(_address(text[:end]), options)


def _text(argument: bytes) -> str:
    try:
        text = argument.decode("utf-8")
    except UnicodeDecodeError:
        raise BadPath("501 5.5.2 The argument is not valid UTF-8") from None
    if not text.isprintable():
        raise BadPath("501 5.5.2 The argument holds a control character")
    return text


def _end(text: str) -> int:
    """Where the path ends: a `>` outside quotes, or a space where there are no brackets."""
    if '"' not in text:
        end = text.find(">") + 1 if text.startswith("<") else text.find(" ")
        if end == 0:
            raise BadPath("501 5.1.7 The address has no closing >")
        return len(text) if end < 0 else end
    closing = ">" if text.startswith("<") else " "
    place = _unquoted(text, closing)
    if place is None:
        raise BadPath("501 5.1.7 The address has no closing > or quote")
    return place + (closing == ">")


def _unquoted(text: str, closing: str) -> int | None:
    """Where `closing` stands outside a quoted string; at the end where a space may be missing."""
    quoted = escaped = False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = quoted
        elif character == '"':
            quoted = not quoted
        elif character == closing and not quoted:
            return place
    return None if quoted or closing == ">" else len(text)


def _address(path: str) -> str:
    address = path[1:-1] if path.startswith("<") else path
    if address.startswith("@") and ":" in address:
        address = address.partition(":")[2]  # a source route, which RFC 5321 (appendix C) says to ignore
    if len(address) > ADDRESS_OCTETS:
        raise BadPath(f"501 5.1.7 The address is longer than {ADDRESS_OCTETS} characters")
    if '"' not in address and (" " in address or "<" in address):
        raise BadPath("501 5.1.7 The address holds a space or <")
    return address


def _check(option: str, known: Mapping[str, Callable[[str], bool]]) -> None:
    key, equals, value = option.partition("=")
    valid = known.get(key.upper())
    if valid is None:
        raise BadPath(f"555 5.5.4 The parameter {key[:40]} is not supported")
    if not valid(value) or (equals and not value):
        raise BadPath(f"501 5.5.4 The parameter {key.upper()} has no valid value")
