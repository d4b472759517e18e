"""The SOCKS entrance as the gateway builds it: before the one road that redirected connections take too."""

from policies.http_request import RunClaim
from proxy.dns_responder import DnsResponder
from proxy.listener_opening import Opener, Patience
from proxy.socks import SocksEntrance
from soundstage.gateway_gate import Judging
from soundstage.gateway_transparent import Made, transparent_entrance


def socks_entrance(
    made: Made, judging: Judging, claim: RunClaim | None = None, questions: DnsResponder | None = None
) -> SocksEntrance:
    """To be called once mail and names are listening. `claim`, `questions`: of a run that it is for alone."""
    opener = Opener(made.chooser, judging.gate, Patience())
    return SocksEntrance(transparent_entrance(made, judging, claim, questions), opener, claim)
