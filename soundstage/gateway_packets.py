"""The gateway's reading of refused packets: opened where a log group is set, and said where it cannot be."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from ledger.refused import RefusedAccount
from proxy.refused_packets import GROUPS, RefusedPackets
from proxy.refused_packets_log import PacketLog, PacketLogClosed, read_counters
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Packets:
    """What is known of refused packets. Nothing is missing where nobody asked for them."""

    reading: RefusedPackets | None = None
    log: PacketLog | None = None
    closed: str | None = None

    def missing(self) -> list[str]:
        """Whole phrases, for readiness."""
        told = self.closed or (self.reading.trouble if self.reading is not None else None)
        return [] if told is None else [told]

    def metrics(self) -> dict[str, float]:
        """Figures by Prometheus name; none where nothing is read."""
        if self.reading is None:
            return {}
        names = (*dict.fromkeys(GROUPS.values()), "other")
        counted = {f"soundstage_refused_packets_{name}": float(self.reading.counted.get(name, 0)) for name in names}
        unread = {"soundstage_refused_packets_unread": float(self.reading.unread)}
        overflows = float(self.log.overflows if self.log is not None else 0)
        return counted | unread | {"soundstage_refused_packets_overflows": overflows}


@contextlib.asynccontextmanager
async def refused_packets(
    settings: Settings, ground: Ground, judging: Judging, name_of: Callable[[str], str | None]
) -> AsyncIterator[Packets]:
    """Read from here to the end of the block. Traffic does not wait for it: the rules hold without being read.

    `name_of`: the name that an address was given out for, if it was.
    """
    if settings.packet_log_group is None:
        yield Packets()
        return
    try:
        log = PacketLog(settings.packet_log_group)
    except PacketLogClosed as trouble:
        _log.warning("%s", trouble)
        yield Packets(closed=str(trouble))
        return
    reading = RefusedPackets(
        log,
        gate=judging.gate,
        counters=read_counters,
        account=RefusedAccount(settings.data_dir),
        count=ground.writer.count,
        name_of=name_of,
        whose=lambda _source: str(ground.ledger.removals),  # what is gone is on record again
    )
    loop = asyncio.get_running_loop()
    loop.add_reader(log.sock, reading.arrived)
    reading.start()
    try:
        yield Packets(reading, log)
    finally:
        loop.remove_reader(log.sock)
        await reading.stop()
        log.close()
