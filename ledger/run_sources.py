"""RunSources: which run claims a client's address. Pure, in memory; asked for every effect that has no other claim."""

import ipaddress
from collections.abc import Sequence

from ledger.run import RunConflict

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
REMEMBERED = 10_000
"""Addresses whose run is known without a search."""


class RunSources:
    """Networks by the run that claims them. No address belongs to two."""

    def __init__(self) -> None:
        self.claimed: dict[Network, str] = {}
        """The run of each network."""
        self._found: dict[str, str | None] = {}

    def prove_free(self, networks: Sequence[Network]) -> None:
        """Raise RunConflict where another run claims an address of these already."""
        for network in networks:
            for other, run in self.claimed.items():
                if other.version == network.version and other.overlaps(network):
                    raise RunConflict(f"the run {run!r} claims {other} already, which overlaps {network}")

    def claim(self, run: str, networks: Sequence[Network]) -> None:
        """Theirs are this run's from now on."""
        self.claimed.update(dict.fromkeys(networks, run))
        self._found.clear()

    def release(self, run: str) -> None:
        """The run claims nothing any more."""
        self.claimed = {network: by for network, by in self.claimed.items() if by != run}
        self._found.clear()

    def run_of(self, source: str) -> str | None:
        """The run that claims an address, or None."""
        if not self.claimed:
            return None
        if source in self._found:
            return self._found[source]
        if len(self._found) >= REMEMBERED:
            self._found.clear()
        self._found[source] = found = self._search(source)
        return found

    def _search(self, source: str) -> str | None:
        try:
            address = ipaddress.ip_address(source)
        except ValueError:
            return None
        return next((run for network, run in self.claimed.items() if address in network), None)


def read_sources(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks of CIDR notation or single addresses. ValueError with the one that is none."""
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text.strip(), strict=False))
        except ValueError:
            raise ValueError(f"the source {text[:100]!r} is no network such as 10.0.3.0/24 or 10.0.3.7") from None
    return tuple(networks)
