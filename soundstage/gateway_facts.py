"""GatewayFacts: the gateway's own state, asked each time: what is missing, figures, where it listens."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from ledger.filters import Filters
from ledger.retention import OpenRunWouldLose
from ledger.trouble import LedgerUnavailable
from soundstage.addresses import shown
from soundstage.gateway_entrances import Entrances
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.gateway_packets import Packets
from soundstage.gateway_wireguard import WireGuard

PAGE = resource.getpagesize()


class GatewayFacts:
    """Implements `soundstage.desk.Facts`."""

    def __init__(
        self,
        ground: Ground,
        judging: Judging,
        entrances: Entrances,
        packets: Packets | None = None,
        tunnels: WireGuard | None = None,
    ) -> None:
        self._ground = ground
        self._judging = judging
        self._entrances = entrances
        self._packets = packets or Packets()
        self._tunnels = tunnels or WireGuard()

    def missing(self) -> list[str]:
        """Whole phrases; empty: ready."""
        found = []
        if not self._judging.gate.open:
            found.append("the gateway is proving itself")
        if self._ground.writer.trouble is not None:
            found.append(self._ground.writer.trouble)
        if self._judging.policy.error is not None:
            found.append(f"the policy was not reloaded, the one before stays in force: {self._judging.policy.error}")
        return found + self._packets.missing() + self._tunnels.missing()

    def metrics(self) -> dict[str, float]:
        """Figures by Prometheus name."""
        return {
            "soundstage_ready": float(not self.missing()),
            "soundstage_open_flows": float(self._open_flows()),
            "soundstage_runs_open": float(len(self._ground.runs.open_ids)),
            "soundstage_ledger_pending": float(self._ground.writer.pending),
            "soundstage_ledger_writable": float(self._ground.writer.trouble is None),
            "soundstage_policy_opt_ins": float(len(self._judging.policy.in_force.opt_ins)),
            "soundstage_policy_reload_refused": float(self._judging.policy.error is not None),
            "soundstage_gateway_cpu_seconds": time.process_time(),
            "soundstage_gateway_resident_bytes": float(_resident()),
            **self._packets.metrics(),
            **self._tunnels.metrics(),
        }

    def status(self) -> dict[str, Any]:
        """Addresses and open flows."""
        addresses = {name: shown(*place) for name, place in self._entrances.bound.items()}
        return {"addresses": addresses, "open_flows": self._open_flows()}

    def _open_flows(self) -> int:
        return self._entrances.open_flows + self._tunnels.open_flows

    def commits(self) -> AsyncIterator[int]:
        """The last committed sequence number, at once and after each commit."""
        return self._ground.writer.subscribe()

    async def purge(self, filters: dict[str, Any]) -> dict[str, Any]:
        """Remove what matches, unless a run that is open would lose evidence."""
        try:
            removed = await asyncio.to_thread(self._ground.retention.purge, filters_of(filters))
        except (OpenRunWouldLose, ValueError) as refused:
            return {"refused": str(refused)}
        except LedgerUnavailable as trouble:
            return {"unavailable": f"Not all of it could be removed: {trouble}."}
        return {"removed": removed.captures}


def filters_of(given: dict[str, Any]) -> Filters:
    """The ledger's filters of JSON: times are text there."""
    times = {name: datetime.fromisoformat(given[name]) for name in ("since", "until") if given.get(name)}
    return Filters(**{**given, **times})


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path of ours
        return int(file.read().split()[1]) * PAGE
