"""Naming: which destination a client meant, from every name it gave for it, and where those names disagree.

Nothing is permitted here, only read. Any difference between CONNECT, SOCKS, SNI, absolute URI and Host or :authority is
a conflict; a second Host is one even if it says the same, and so is none: servers differ in which of them they obey.
So is a difference from the name whose DNS answer a connection was made by, unless a search list lengthened that name.
The bare address of a connection says nothing about names, and is a name only where there is no other.
"""

from dataclasses import dataclass
from functools import lru_cache

from policies.authority import TITLES, Authority, read_authority
from policies.http_request import NameSource

Names = tuple[tuple[NameSource, str], ...]

UNNAMED = "unnamed.invalid"
"""The host of an effect whose names could not be read: RFC 6761 keeps `.invalid` from ever being anybody's."""
DEFAULT_PORTS = {"http": 80, "https": 443}
_PREFERENCE: tuple[NameSource, ...] = (
    "absolute", "authority", "host", "sni", "connect", "socks", "dns", "address",
)  # fmt: skip
"""Whose name a capture shows: what the provider would have read in the request, then whom the connection was for."""
_IN_THE_REQUEST: frozenset[NameSource] = frozenset({"absolute", "authority", "host"})
_ONCE: tuple[NameSource, ...] = ("host", "authority", "absolute")
_OF_THE_CONNECTION: frozenset[NameSource] = frozenset({"dns", "address"})
_CACHED_LENGTH = 600


@dataclass(frozen=True, slots=True)
class Meant:
    """The destination a client meant. With conflicts, `host` and `port` are only what a capture shows."""

    host: str
    port: int
    conflicts: tuple[str, ...]
    """Phrases about names that disagree or cannot be read; any is a denial."""
    canonical: bool
    """Each name was sent in its one spelling."""
    by_number: bool
    """The host is an address, not a name."""
    address: str | None = None
    """The bare address the connection was made to, canonical, where that is known: to be judged like the host."""


def meant(names: Names, scheme: str, port: int | None) -> Meant:
    """The destination that all `names` agree on.

    `port` is meant where a name carries none (steered entrance); without it the scheme's own. Of HTTP schemes, a
    request that names no host of its own is a conflict; raw connections (any other scheme) have no request to name one.
    """
    if sum(len(text) for _, text in names) <= _CACHED_LENGTH:
        return _remembered(names, scheme, port)
    return _judged(names, scheme, port)


def _judged(names: Names, scheme: str, port: int | None) -> Meant:
    usual = port if port is not None else DEFAULT_PORTS.get(scheme, 0)
    read = [(source, read_authority(source, text)) for source, text in names]
    conflicts = [*_counted(names, scheme), *(name.fault for _, name in read if name.fault is not None)]
    conflicts += _disagreements(read)
    conflicts += _ports_apart(read, usual)
    conflicts += _against_the_connection(read, scheme)
    shown = _shown(read)
    sources = {source for source, _ in names}
    canonical = all(name.canonical for _, name in read) and not ("absolute" in sources and "host" not in sources)
    return Meant(
        host=UNNAMED if shown is None or shown.host is None else shown.host,
        port=_port_of(read, shown, usual),
        conflicts=tuple(dict.fromkeys(conflicts)),
        canonical=canonical and shown is not None,
        by_number=shown is not None and shown.by_number,
        address=next((name.host for source, name in read if source == "address"), None),
    )


_remembered = lru_cache(maxsize=4096)(_judged)


def _counted(names: Names, scheme: str) -> list[str]:
    """Names that are there too often, or not at all."""
    sources = [source for source, _ in names]
    found = [
        f"there are {sources.count(source)} names of {TITLES[source]}, where one belongs"
        for source in _ONCE
        if sources.count(source) > 1
    ]
    if scheme in DEFAULT_PORTS and not _IN_THE_REQUEST.intersection(sources):
        found.append("the request names no host")
    return found


def _disagreements(read: list[tuple[NameSource, Authority]]) -> list[str]:
    """One phrase for each name that differs from the first one that could be read."""
    first: tuple[NameSource, str] | None = None
    found = []
    for source, name in read:
        if name.host is None or source in _OF_THE_CONNECTION:
            continue
        if first is None:
            first = (source, name.host)
        elif name.host != first[1]:
            found.append(f"{TITLES[first[0]]} names {first[1]}, but {TITLES[source]} names {name.host}")
    return found


def _ports_apart(read: list[tuple[NameSource, Authority]], usual: int) -> list[str]:
    """One phrase for each port that differs from the first one. SNI carries none to compare."""
    first_port: tuple[NameSource, int] | None = None
    found = []
    for source, name in read:
        if name.host is None or source == "sni":
            continue
        named_port = name.port or usual
        if first_port is None:
            first_port = (source, named_port)
        elif named_port != first_port[1]:
            found.append(f"{TITLES[first_port[0]]} means port {first_port[1]}, but {TITLES[source]} port {named_port}")
    return found


def _against_the_connection(read: list[tuple[NameSource, Authority]], scheme: str) -> list[str]:
    """One phrase where what the client named is not what its connection went by."""
    named = [(source, name) for source, name in read if source not in _OF_THE_CONNECTION and name.host is not None]
    if not named:
        return []
    source, name = named[0]
    unproved = scheme == "https" and all(each != "sni" for each, _ in read)
    return [
        f"{TITLES[by]} is {went.host}, but {TITLES[source]} names {name.host}"
        for by, went in read
        if (by == "dns" and not _lengthened(went, name))
        or (by == "address" and went.host != name.host and (name.by_number or unproved))
    ]


def _lengthened(went: Authority, name: Authority) -> bool:
    """Whether a connection went by `name`, or by what a resolver's search list made of it: `name.svc.cluster.local`.

    The longer name leads nowhere by itself: what leaves is dialled by the name that all the others agree on.
    """
    if went.host is None or name.host is None:
        return False
    return went.host == name.host or (not name.by_number and went.host.startswith(f"{name.host}."))


def _shown(read: list[tuple[NameSource, Authority]]) -> Authority | None:
    for preferred in _PREFERENCE:
        for source, name in read:
            if source == preferred and name.host is not None:
                return name
    return None


def _port_of(read: list[tuple[NameSource, Authority]], shown: Authority | None, usual: int) -> int:
    """The port of the name that is shown; where it is an SNI, of any other name that carries one."""
    if shown is not None and shown.port is not None:
        return shown.port
    if shown is not None and all(name is not shown for source, name in read if source != "sni"):
        return next((name.port for _, name in read if name.port is not None), usual)
    return usual
