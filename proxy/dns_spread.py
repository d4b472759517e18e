"""Spread: how many names below one domain a client asks in a short time. Data carried out in short pieces shows so."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_SECONDS = 60.0
MANY = 100
"""Distinct names below one domain within a window: more than an application has servers to talk to."""
MOST_DOMAINS = 10_000
_SECOND_LEVELS = frozenset(("ac", "co", "com", "edu", "gov", "net", "org"))
"""Under a country's two letters strangers register below these: `example.co.uk`. Close enough for counting."""


@dataclass(slots=True)
class _Domain:
    began: float
    names: set[str] = field(default_factory=set)


class Spread:
    """Counts, within bounds: it forgets the domain that has been counted longest before it grows beyond them."""

    def __init__(
        self, *, window: float = WINDOW_SECONDS, many: int = MANY, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._window = window
        self._many = many
        self._clock = clock
        self._domains: OrderedDict[tuple[str, str], _Domain] = OrderedDict()

    def is_wide(self, source: str, name: str) -> bool:
        """Count a name that was asked: whether this client has asked many others below its domain by now."""
        now = self._clock()
        lowered = name.lower()
        key = (source, domain_of(lowered))
        domain = self._domains.get(key)
        if domain is None or now - domain.began >= self._window:
            self._domains.pop(key, None)
            domain = self._domains[key] = _Domain(now)
            if len(self._domains) > MOST_DOMAINS:
                self._domains.popitem(last=False)
        if len(domain.names) < self._many:
            domain.names.add(lowered)
        return len(domain.names) >= self._many


def domain_of(name: str) -> str:
    """The part of a lower-case name that somebody has registered, near enough: its last two labels, or three."""
    labels = name.rsplit(".", 3)
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])
