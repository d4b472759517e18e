"""Packets that came through a tunnel and get no further: told to the ledger as those are that a host's rules refuse."""

from collections import Counter, deque
from collections.abc import Callable

from proxy.refused_packets import GROUPS
from proxy.refused_packets_head import PacketHead

WAITING = 4096
"""Packets between two readings; more are known by their number alone."""
UNREAD = "packets out of tunnels that came faster than they could be recorded"


class DroppedPackets:
    """A log for `proxy.refused_packets.RefusedPackets`, which counts for itself."""

    def __init__(self) -> None:
        self._waiting: deque[PacketHead] = deque()
        self._counted: Counter[str] = Counter()
        self.told: Callable[[], bool] = lambda: False
        """Called with each packet: `RefusedPackets.arrived`."""

    def drop(self, head: PacketHead) -> None:
        """Count a packet, and keep it to be told."""
        self._counted[GROUPS.get(head.protocol, "other")] += 1
        if len(self._waiting) < WAITING:
            self._waiting.append(head)
        self.told()

    def take(self) -> list[PacketHead]:
        """What was dropped since the last time."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def counters(self) -> dict[str, int]:
        """All that were dropped since the start."""
        return dict(self._counted)
