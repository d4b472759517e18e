"""RunListeners: a run's own ports, for clients that can say who they are neither to a proxy nor to a mail server."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from policies.http_request import RunClaim
from policies.never import Socket
from proxy.listener import Listener, PortInUse
from proxy.steered import SteeredPlain, SteeredTls
from soundstage.addresses import shown
from soundstage.gateway_entrances import Entrances
from soundstage.gateway_explicit import explicit_entrance
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.gateway_mail import mail_listener
from soundstage.gateway_runs_ports import RunPorts
from soundstage.gateway_socks import socks_entrance
from soundstage.gateway_transparent import responder
from soundstage.settings import Settings

_log = logging.getLogger(__name__)
_NO_PORTS: Mapping[str, int] = {}


@dataclass(slots=True)
class Bound:
    """The listeners of one run."""

    closing: contextlib.AsyncExitStack
    places: dict[str, Socket]


class RunListeners:
    """Opens and closes them. What comes by one is its run's, unless it brings credentials of another."""

    def __init__(self, settings: Settings, ground: Ground, judging: Judging, doors: Entrances) -> None:
        self._settings = settings
        self._ground = ground
        self._judging = judging
        self._doors = doors
        self._bound: dict[str, Bound] = {}
        self._closing: dict[str, asyncio.Task[None]] = {}
        self._ports = RunPorts(settings.run_ports)

    async def open(self, claim: RunClaim, ports: Mapping[str, int] = _NO_PORTS) -> dict[str, str]:
        """Where they are, by the names in `LISTENERS`. `ports`: those they had; free ones without.

        Raises OSError or PortInUse, and then none is open.
        """
        self._ports.keep(ports)
        wanted = ports or self._ports.take()
        async with contextlib.AsyncExitStack() as closing:
            closing.callback(self._ports.give_back, wanted.values())
            places = await self._listen(claim, wanted, closing)
            self._judging.own_sockets.extend(places.values())
            self._bound[claim.run] = Bound(closing.pop_all(), places)
        return {name: shown(self._reached(host), port) for name, (host, port) in places.items()}

    async def reopen(self, claim: RunClaim, told: Mapping[str, str]) -> bool:
        """After a restart, where they were, so that clients' variables stay true. False: another program is there."""
        ports = {name: int(place.rpartition(":")[2]) for name, place in told.items()}
        try:
            await self.open(claim, ports)
        except (OSError, PortInUse) as trouble:
            _log.warning("the listeners of the run %s cannot be opened again: %s", claim.run, trouble)
            return False
        return True

    async def close(self, run_id: str) -> None:
        """Close a run's ports and every connection on them. Closing twice is closing once, and both wait for its end:
        who is told that a run is finished may take its ports at once."""
        bound = self._bound.pop(run_id, None)
        if bound is not None:
            closing = self._closing[run_id] = asyncio.ensure_future(self._end(bound))
            closing.add_done_callback(lambda _: self._closing.pop(run_id, None))
        if run_id in self._closing:
            await asyncio.shield(self._closing[run_id])

    async def close_all(self) -> None:
        """At the stop."""
        for run_id in (*self._bound, *self._closing):
            await self.close(run_id)

    @property
    def open_runs(self) -> int:
        """How many runs have listeners."""
        return len(self._bound)

    async def _end(self, bound: Bound) -> None:
        """Until they are closed they are sockets of our own, which nothing may be let out to."""
        try:
            await bound.closing.aclose()
        finally:
            for place in bound.places.values():
                self._judging.own_sockets.remove(place)

    async def _listen(
        self, claim: RunClaim, ports: Mapping[str, int], closing: contextlib.AsyncExitStack
    ) -> dict[str, Socket]:
        chooser, gate, bind = self._doors.chooser, self._judging.gate, self._settings.bind
        names = self._doors.names if self._settings.own_addresses else None
        questions = responder(self._settings, self._ground, self._judging, names, claim)
        places: dict[str, Socket] = {"dns": await questions.start(bind, ports.get("dns", 0))}
        closing.push_async_callback(questions.stop)
        for name, entrance in (
            ("proxy", explicit_entrance(self._doors, self._judging, claim, questions)),
            ("socks", socks_entrance(self._doors, self._judging, claim, questions)),
            ("https", SteeredTls(chooser, gate, claim=claim)),
            ("http", SteeredPlain(chooser, gate, claim=claim)),
        ):
            listener = Listener(entrance, self._judging.in_flight, claim=claim)
            places[name] = await listener.start(bind, ports.get(name, 0))
            closing.push_async_callback(listener.stop)
        mail = mail_listener(
            self._settings, self._ground, self._judging, self._doors.ca, self._doors.dialler, claim=claim
        )
        closing.push_async_callback(mail.stop)
        for name, tls in (("smtp", False), ("smtps", True)):
            places[name] = await mail.start(bind, ports.get(name, 0), implicit_tls=tls)
        return places

    def _reached(self, host: str) -> str:
        """An address clients can use, where the bind is every address."""
        return self._settings.steered_to[0] if host in ("0.0.0.0", "::") else host
