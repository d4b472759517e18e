"""The WireGuard entrance as the gateway builds it, and what it answers about its peers."""

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from ledger.refused import FILE, RefusedAccount
from ledger.trouble import LedgerUnavailable
from proxy.accept import PortInUse
from proxy.refused_packets import RefusedPackets
from proxy.wireguard import WireGuardEntrance
from proxy.wireguard_packets import UNREAD, DroppedPackets
from soundstage.addresses import bind_hint, shown
from soundstage.control_server import Asked
from soundstage.gateway_entrances import Entrances
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.gateway_transparent import responder, transparent_entrance
from soundstage.settings import Settings
from soundstage.told_to_operator import told_to_operator
from soundstage.trouble import ConfigError
from soundstage.wireguard_peers import PeerBook

_log = logging.getLogger(__name__)
FOLDER = "wireguard"
"""Of the data directory: what became of packets out of tunnels."""


@dataclass(slots=True)
class WireGuard:
    """What is known of the entrance. Without one, nothing is missing."""

    entrance: WireGuardEntrance | None = None
    book: PeerBook | None = None
    place: str = ""
    packets: RefusedPackets | None = None
    dropped: DroppedPackets | None = None
    trouble: str | None = field(default=None, init=False)
    """Why the peers are not those of the file, as a phrase, or None."""

    def answers(self) -> dict[str, Asked]:
        """By the names of the questions."""
        return {"wireguard": self._taken}

    def missing(self) -> list[str]:
        """Whole phrases, for readiness."""
        told = self.trouble or (self.packets.trouble if self.packets is not None else None)
        return [] if told is None else [told]

    @property
    def open_flows(self) -> int:
        """Connections and questions being served now."""
        return 0 if self.entrance is None else self.entrance.open_connections

    def metrics(self) -> dict[str, float]:
        """Figures by Prometheus name; none where there is no entrance."""
        if self.entrance is None:
            return {}
        counted = {} if self.dropped is None else self.dropped.counters()
        return {
            "soundstage_wireguard_peers": float(len(self.entrance.peers)),
            "soundstage_wireguard_open_flows": float(self.open_flows),
            "soundstage_wireguard_dropped_packets": float(sum(counted.values())),
        }

    async def reread(self) -> None:
        """Serve the peers that the file names now. What goes wrong is kept in `trouble`."""
        if self.entrance is None or self.book is None:
            return
        try:
            await self.entrance.serve_peers({peer.public_key: peer.addresses for peer in self.book.read()})
        except (ConfigError, OSError) as error:
            self.trouble = f"the WireGuard entrance serves other peers than it should: {error}"
            _log.error("%s", self.trouble)
        else:
            self.trouble = None

    async def _taken(self, given: dict[str, Any]) -> dict[str, Any]:
        """The peers are read again. ValueError where that cannot be."""
        if self.entrance is None:
            raise ValueError("the gateway that runs has no WireGuard entrance: it was started without a port for one")
        await self.reread()
        if self.trouble is not None:
            raise ValueError(self.trouble)
        return {"peers": len(self.entrance.peers), "place": self.place}


@contextlib.asynccontextmanager
async def wireguard(settings: Settings, ground: Ground, judging: Judging, made: Entrances) -> AsyncIterator[WireGuard]:
    """Listening while the block lasts, where a port is set. ConfigError: it cannot be had, or the peers be read."""
    if settings.wireguard_port is None:
        yield WireGuard()
        return
    async with contextlib.AsyncExitStack() as open_rooms:
        book = PeerBook(settings.data_dir)
        with told_to_operator(LedgerUnavailable):
            key = book.server_key()
        # Every address reaches us through a tunnel, so that each name can have its own, whatever others are told.
        questions = responder(settings, ground, judging, made.names)
        questions.start_counting()
        open_rooms.push_async_callback(questions.stop)
        dropped = DroppedPackets()
        packets = _telling(settings, ground, judging, made, dropped)
        open_rooms.push_async_callback(packets.stop)
        road = transparent_entrance(made, judging, questions=questions)
        entrance = WireGuardEntrance(key, road=road, questions=questions, dropped=dropped, in_flight=judging.in_flight)
        place = await _started(settings.bind, settings.wireguard_port, entrance)
        open_rooms.push_async_callback(entrance.stop)
        made.bound["wireguard"] = place
        told = WireGuard(entrance, book, shown(*place), packets, dropped)
        await told.reread()
        if told.trouble is not None:
            raise ConfigError(told.trouble)
        yield told


def _telling(
    settings: Settings, ground: Ground, judging: Judging, made: Entrances, dropped: DroppedPackets
) -> RefusedPackets:
    """Reads what is dropped. The account is this process's: what it counts begins from nought with it."""
    folder = settings.data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / FILE).unlink(missing_ok=True)
    packets = RefusedPackets(
        dropped,
        gate=judging.gate,
        counters=dropped.counters,
        account=RefusedAccount(folder),
        count=ground.writer.count,
        name_of=made.names.name_of,
        unread=UNREAD,
    )
    dropped.told = packets.arrived
    packets.start()
    return packets


async def _started(bind: str, port: int, entrance: WireGuardEntrance) -> tuple[str, int]:
    try:
        return await entrance.start(bind, port)
    except PortInUse as trouble:
        said = str(trouble).rstrip(".")
        hint = bind_hint(trouble.__cause__, "SOUNDSTAGE", "WIREGUARD")
        raise ConfigError(f"the wireguard listener cannot start: {said}", hint) from None
