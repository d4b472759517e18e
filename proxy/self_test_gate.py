"""ProofGate: the gate of the self-test. The real description and the real rules, with everything at the trap opted in.

Nobody but the self-test passes it: whoever does not know the secret of this start is told that it is not ready.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ledger.identifier import new_id
from ledger.reply import Reply
from policies.describe import describe
from policies.http_request import RunClaim
from policies.never import Socket
from policies.opt_in import OptIn
from policies.pack import Packs
from policies.pattern import HostPattern
from policies.policy import Policy
from proxy.http1_reply import problem
from sinks.dialler import Dialler
from sinks.gate import NotReady
from sinks.passage import Answer, Departure, Outcome, Seen

RUN = "soundstage-self-test"
LOOPBACK = ("127.0.0.0/8",)
MOST_SECONDS = 90


class ProofGate:
    """Judges by a policy that would let anything go to the trap, so that only the holds keep it from arriving."""

    def __init__(self, claim: RunClaim, targets: Sequence[Socket]) -> None:
        self._claim = claim
        self._packs = Packs([])
        self._policy = Policy(tuple(_opened(number, *target) for number, target in enumerate(targets)))

    async def take(self, seen: Seen) -> Outcome:
        """As the real gate, without a capture: what the self-test does is no side effect of anybody's."""
        if getattr(seen, "claim", None) != self._claim:
            raise NotReady("Soundstage is starting and proves itself: nothing is answered before that")
        effect, _ = describe(seen, self._packs, run=RUN)
        at = datetime.now(UTC)
        decision = self._policy.decide(effect, at)
        if decision.leaves:
            return Departure(new_id(at), effect, decision, _not_kept)
        return Answer(new_id(at), effect, decision, problem(403, "Refused", decision.reason))


async def _not_kept(_left: bool, _reply: Reply | None) -> None:
    return


def _opened(number: int, host: str, port: int) -> OptIn:
    expires = datetime.now(UTC) + timedelta(seconds=MOST_SECONDS)
    target = HostPattern(f"{host}:{port}", "exact", host, port)
    return OptIn(
        f"{RUN}-{number}", "allow", "the self-test at start", "soundstage", expires, "", target, addresses=LOOPBACK
    )


class _AtTheTrap:
    """Every name is at the trap's own address: a hold that is broken harms nobody."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        return ("127.0.0.1",)


def proof_dialler() -> Dialler:
    """The real dialler, over a resolver that knows of nothing but the trap."""
    return Dialler(_AtTheTrap())
