"""Unclaimed: whose traffic it is while no run is open: nobody's."""

from policies.effect import UNATTRIBUTED
from policies.http_request import RunClaim


class Unclaimed:
    """Implements `sinks.gate.Attribution` without runs."""

    def run_of(self, claim: RunClaim | None, source: str) -> tuple[str, tuple[str, ...]]:
        """`unattributed`, whatever is claimed."""
        return UNATTRIBUTED, ()
