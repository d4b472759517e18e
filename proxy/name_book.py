"""The name book: an address of its own for each name asked, so that a connection by any protocol has a name.

An address once given is that name's for good: a client that remembers it for ever must never come to another one.
"""

import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from ledger.name_file import SLACK, Given

DEFAULT_NETWORK = "198.18.0.0/15"
"""Benchmarking (RFC 2544): nobody's in the internet, and seldom anybody's in a private network."""
DAY = 86_400
NOTED_EVERY = DAY // 4
"""Seconds: how exactly the file knows when a name was last asked."""
PROBES = 64
"""Places of its own that a name may be at before any free one will do."""
SHARES = 8
"""How many domains it takes to use the book up; that of a network which is none to speak of is not shared out."""
SHARED_FROM = 1000
"""Addresses."""
_PERSON = b"soundstage names"


class NamesUsedUp(Exception):
    """Every address has been given to a name that was asked within the last day."""


class NameNotKept(Exception):
    """The name holds a key by its shape: it carries something out, and what is kept must not hold it in the clear."""


class Remembers(Protocol):
    """`ledger.name_file.NameFile`."""

    def read(self) -> list[Given]: ...

    def rewrite(self, given: Iterable[Given]) -> None: ...

    def add(self, given: Given) -> None: ...


@dataclass(slots=True)
class _Entry:
    """A name's place in the network, when it was last asked, and when that was last written down."""

    place: int
    asked: int
    noted: int


class NameBook:
    """One for a gateway: its responders give addresses out of it, and its entrances ask it whose they are."""

    def __init__(
        self,
        file: Remembers,
        key: bytes,
        *,
        network: str = DEFAULT_NETWORK,
        network6: str | None = None,
        clock: Callable[[], float] = time.time,
        holds_secret: Callable[[str], bool] = lambda name: False,
    ) -> None:
        """`key` scatters names over the network. `network6` is an IPv6 one at least as large.

        Names in which `holds_secret` sees one get no address.

        Raises ValueError for networks that do not fit, LedgerUnavailable.
        """
        self._network = ipaddress.IPv4Network(network)
        self._network6 = None if network6 is None else ipaddress.IPv6Network(network6)
        self._places = self._network.num_addresses - 2
        if self._places < 1:
            raise ValueError(f"the network {network} has no addresses to give")
        if self._network6 is not None and self._network6.num_addresses < self._network.num_addresses:
            raise ValueError(f"the network {network6} is smaller than {network}")
        self._key = key[:64]
        self._clock = clock
        self._holds_secret = holds_secret
        self._file = file
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        """The name that has not been asked for the longest time first."""
        self._names: dict[int, str] = {}
        self._of_domain: dict[str, OrderedDict[str, None]] = {}
        """The names below one domain, in the same order."""
        self._share = self._places // SHARES if self._places >= SHARED_FROM else self._places
        self._next_free = 1
        self._lines = 0
        self._load()

    @property
    def has_ipv6(self) -> bool:
        """Whether names have an IPv6 address too."""
        return self._network6 is not None

    def __len__(self) -> int:
        return len(self._entries)

    def address_of(self, name: str, version: int = 4) -> str:
        """The address of a name (as asked, without its last dot).

        Raises NameNotKept, NamesUsedUp, LedgerUnavailable: it gets none.
        """
        now = int(self._clock())
        asked, name = name, name.lower()
        entry = self._entries.get(name)
        if entry is None:
            if self._holds_secret(asked) or self._holds_secret(name):
                raise NameNotKept("a name that holds a key gets no address")
            place = self._free_place(name, now)
            self._note(Given(self._shown(place), now, name))
            self._put(name, _Entry(place, now, now))
            return self._shown(place, version)
        entry.asked = now
        self._entries.move_to_end(name)
        self._of_domain[_domain(name)].move_to_end(name)
        if now - entry.noted >= NOTED_EVERY:
            entry.noted = now
            self._note(Given(self._shown(entry.place), now, name))
        return self._shown(entry.place, version)

    def name_of(self, address: str) -> str | None:
        """The name an address was given to, or None: it is none of the book's, or nobody's yet."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        network = self._network if isinstance(found, ipaddress.IPv4Address) else self._network6
        if network is None or found not in network:
            return None
        return self._names.get(int(found) - int(network.network_address))

    def _free_place(self, name: str, now: int) -> int:
        """A place nobody has; the one that lay unasked for longest, if that was a day; or NamesUsedUp.

        A domain that has its share gets the place of its own oldest name: one that is asked for ever new names, as a
        tunnel is, must not leave everybody else without.
        """
        siblings = self._of_domain.get(_domain(name), ())
        if len(siblings) >= self._share:
            oldest = next(iter(siblings))
            freed = self._entries[oldest].place
            self._forget(oldest)
            return freed
        if len(self._names) < self._places:
            first = hashlib.blake2b(name.encode("utf-8"), digest_size=16, key=self._key, person=_PERSON).digest()
            at, step = int.from_bytes(first[:8]), int.from_bytes(first[8:]) | 1
            probed = ((at + step * probe) % self._places + 1 for probe in range(PROBES))
            place = next((place for place in probed if place not in self._names), None)
            return self._any_free() if place is None else place
        oldest, entry = next(iter(self._entries.items()))
        if now - entry.asked < DAY:
            raise NamesUsedUp(
                f"all {self._places} addresses of {self._network} belong to names asked within the last day, "
                f"so {name[:200]!a} gets none"
            )
        self._forget(oldest)
        return entry.place

    def _any_free(self) -> int:
        while self._next_free in self._names:
            self._next_free = self._next_free % self._places + 1
        return self._next_free

    def _put(self, name: str, entry: _Entry) -> None:
        self._entries[name] = entry
        self._names[entry.place] = name
        self._of_domain.setdefault(_domain(name), OrderedDict())[name] = None

    def _forget(self, name: str) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            del self._names[entry.place]
            siblings = self._of_domain[_domain(name)]
            del siblings[name]
            if not siblings:
                del self._of_domain[_domain(name)]

    def _load(self) -> None:
        lines = self._file.read()
        for given in lines:
            place = self._place(given.address)
            if place is None:
                continue
            self._forget(given.name)
            self._forget(self._names.get(place, ""))
            self._put(given.name, _Entry(place, given.at, given.at))
        self._lines = len(lines)
        self._tidy()

    def _note(self, given: Given) -> None:
        self._tidy()
        self._file.add(given)
        self._lines += 1

    def _tidy(self) -> None:
        """Write the file anew where most of it is old: a tunnel's names come and go by the million."""
        if self._lines > 2 * len(self._entries) + SLACK:
            self._file.rewrite(
                Given(self._shown(entry.place), entry.asked, name) for name, entry in self._entries.items()
            )
            self._lines = len(self._entries)

    def _place(self, address: str) -> int | None:
        """Where a line of the file belongs; None for one of another network, which the setting named before."""
        try:
            place = int(ipaddress.IPv4Address(address)) - int(self._network.network_address)
        except ValueError:
            return None
        return place if 1 <= place <= self._places else None

    def _shown(self, place: int, version: int = 4) -> str:
        if version == 6 and self._network6 is not None:
            return str(self._network6.network_address + place)
        return str(self._network.network_address + place)


def _domain(name: str) -> str:
    """Its last two labels: whose name it is, or nearly."""
    return ".".join(name.rsplit(".", 2)[-2:])
