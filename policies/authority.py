"""Authority: a `host:port` as a client wrote it, taken apart and judged.

Comparing several of them belongs in naming.py.
"""

from dataclasses import dataclass
from functools import lru_cache

from policies.host import BadName, as_address, canonical_host
from policies.http_request import NameSource

TITLES: dict[NameSource, str] = {
    "connect": "CONNECT",
    "sni": "SNI",
    "absolute": "the absolute URI",
    "host": "Host",
    "authority": ":authority",
    "socks": "SOCKS",
    "dns": "the DNS answer it went by",
    "address": "the address connected to",
}
_WITHOUT_BRACKETS: frozenset[NameSource] = frozenset({"socks", "dns", "address"})
"""Where an IPv6 address may stand alone: a listener wrote it, not a client, with its port or without."""
_HIGHEST_PORT = 65_535
_CACHED_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Authority:
    """One name of a destination. `fault` is a phrase, or None where it could be read without doubt."""

    host: str | None
    """Canonical; None where there is none to be read."""
    port: int | None
    """None where it was not written."""
    canonical: bool
    by_number: bool
    fault: str | None


def read_authority(source: NameSource, text: str) -> Authority:
    """What a name as sent means. Never fails: what cannot be read is a fault."""
    if len(text) <= _CACHED_LENGTH:
        return _remembered(source, text)
    return _judged(source, text)


def _judged(source: NameSource, text: str) -> Authority:
    title = TITLES[source]
    written = _of_uri(text) if source == "absolute" else text
    if "\\" in written:
        return _faulty(f"{title} contains a backslash")
    if "@" in written:
        return _faulty(f"{title} carries user information, which hides the host it names")
    if source == "sni":
        return _named(title, written, None, written)
    host, port, whole = _bracketed(written) if source in _WITHOUT_BRACKETS else _split(written)
    if not whole:
        return _faulty(f"{title} {_quoted(written)} is not a host and a port")
    if port is None and source == "connect":
        return _faulty(f"CONNECT {_quoted(written)} names no port")
    if not port:
        return _named(title, host, None, written)
    number = _port_number(port)
    if number is None:
        return _faulty(f"{title} names the port {_quoted(port)}, which is not a number from 1 to 65535")
    return _named(title, host, number, written)


def _of_uri(text: str) -> str:
    """The authority of an absolute URI: an engine may hand over the URI as it stood, or its authority alone."""
    written = text.partition("://")[2] if "://" in text else text
    return written.partition("/")[0].partition("?")[0].partition("#")[0]


def _port_number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    return number if 0 < number <= _HIGHEST_PORT else None


_remembered = lru_cache(maxsize=8192)(_judged)


def _split(written: str) -> tuple[str, str | None, bool]:
    """Host, port as written, and whether it can be told where the host ends."""
    if written.startswith("["):
        host, bracket, rest = written.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return written, None, False
        return host + bracket, rest[1:] if rest else None, True
    host, colon, port = written.partition(":")
    if ":" in port:
        # An IPv6 address without brackets: where it ends and its port begins cannot be told.
        return written, None, False
    return host, port if colon else None, True


def _bracketed(written: str) -> tuple[str, str | None, bool]:
    return (f"[{written}]", None, True) if _is_bare_ipv6(written) else _split(written)


def _is_bare_ipv6(written: str) -> bool:
    return written.count(":") > 1 and not written.startswith("[") and as_address(written) is not None


def _named(title: str, host: str, port: int | None, written: str) -> Authority:
    try:
        canonical = canonical_host(host)
    except BadName as error:
        return _faulty(f"{title} names no host: {error}")
    by_number = as_address(canonical) is not None
    spelt = f"[{canonical}]" if ":" in canonical else canonical
    # Of SNI an address comes without brackets, if at all.
    bare = title == "SNI" or _is_bare_ipv6(written)
    as_spelt = written in ((spelt, canonical) if bare else (spelt if port is None else f"{spelt}:{port}",))
    return Authority(canonical, port, as_spelt, by_number, None)


def _faulty(phrase: str) -> Authority:
    return Authority(None, None, canonical=False, by_number=False, fault=phrase)


def _quoted(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:77] + "...")
