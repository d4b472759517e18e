"""The explicit entrance as the gateway builds it: what is in its tunnels takes the one road of all connections."""

from policies.http_request import RunClaim
from proxy.dns_responder import DnsResponder
from proxy.explicit import ExplicitEntrance
from proxy.listener_opening import Opener, Patience
from soundstage.gateway_gate import Judging
from soundstage.gateway_transparent import Made, transparent_entrance


def explicit_entrance(
    made: Made, judging: Judging, claim: RunClaim | None = None, questions: DnsResponder | None = None
) -> ExplicitEntrance:
    """To be called once mail and names are listening. `claim`, `questions`: of a run that it is for alone."""
    opener = Opener(made.chooser, judging.gate, Patience())
    return ExplicitEntrance(transparent_entrance(made, judging, claim, questions), opener, claim)
