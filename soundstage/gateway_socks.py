"""The SOCKS entrance as the gateway builds it: before the one road that redirected connections take too."""

from proxy.listener_opening import Opener, Patience
from proxy.socks import SocksEntrance
from soundstage.gateway_gate import Judging
from soundstage.gateway_transparent import Made, transparent_entrance


def socks_entrance(made: Made, judging: Judging) -> SocksEntrance:
    """To be called once mail and names are listening."""
    opener = Opener(made.chooser, judging.gate, Patience())
    return SocksEntrance(transparent_entrance(made, judging), opener)
