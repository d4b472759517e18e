"""StampedGate: the gate as a run's own mail listener uses it: what passes is that run's, unless it says otherwise."""

from dataclasses import replace

from policies.http_request import RunClaim, claimed
from sinks.passage import Outcome, Seen
from sinks.smtp_delivery import Taker


class StampedGate:
    """Adds a listener's claim to whatever passes."""

    def __init__(self, gate: Taker, claim: RunClaim) -> None:
        self._gate = gate
        self._claim = claim

    async def take(self, seen: Seen) -> Outcome:
        """What the gate makes of it."""
        return await self._gate.take(replace(seen, claim=claimed(seen.claim, self._claim)))
