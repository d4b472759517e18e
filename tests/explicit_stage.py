"""The explicit entrance for tests that have neither mail server nor names: what its tunnels hold takes the road."""

import socket

from policies.http_request import RunClaim
from proxy.accept import Peer
from proxy.door_ask import Gate
from proxy.engines import EngineChooser
from proxy.explicit import ExplicitEntrance
from proxy.listener_opening import Opener, Patience
from proxy.transparent import TransparentEntrance


class MailServer:
    """Remembers what it was handed, and closes it."""

    def __init__(self) -> None:
        self.handed: list[tuple[bool, int, RunClaim | None, str]] = []

    async def serve(
        self, sock: socket.socket, peer: Peer, *, implicit_tls: bool, port: int, claim: RunClaim | None, meant: str
    ) -> None:
        self.handed.append((implicit_tls, port, claim, meant))


class NoNames:
    """No address was given out for a name."""

    def name_of(self, address: str) -> str | None:
        return None


def explicit_entrance(
    chooser: EngineChooser, gate: Gate, patience: Patience | None = None, mail: MailServer | None = None
) -> ExplicitEntrance:
    waiting = patience or Patience()
    road = TransparentEntrance(chooser=chooser, gate=gate, mail=mail or MailServer(), names=NoNames(), patience=waiting)
    return ExplicitEntrance(road, Opener(chooser, gate, waiting))
