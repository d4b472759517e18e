"""What became of packets that a containing host's rules refused: how far they are on record, and their sums to show."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.stored import StoredCapture

FLAG = "refused_packet"
"""Of every capture that stands for packets the rules refused."""
FILE = "refused-packets.json"


@dataclass(frozen=True, slots=True)
class RefusedSum:
    """Packets of one protocol to one destination."""

    protocol: str
    host: str
    port: int
    count: int
    last: datetime
    """When the newest of its captures began."""


class RefusedAccount:
    """How many of the rules' counted packets are on record, by protocol, kept across restarts of the gateway.

    Not synchronised to disk: after a power cut packets are at worst told twice, as after any doubt.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / FILE
        kept = _read(self._file)
        self._told, self._counted = _counts(kept.get("told")), _counts(kept.get("counted"))

    def unseen(self, counted: Mapping[str, int]) -> dict[str, int]:
        """What the rules counted and nobody recorded."""
        if any(counted.get(name, 0) < before for name, before in self._counted.items()):
            self._told = {}  # rules put in force anew count from nought
        self._counted = dict(counted)
        return {name: more for name, count in counted.items() if (more := count - self._told.get(name, 0)) > 0}

    def add(self, protocol: str, packets: int) -> None:
        """They are on record."""
        self._told[protocol] = self._told.get(protocol, 0) + packets

    def save(self) -> None:
        """Raises OSError."""
        fresh = self._file.with_name(f".{FILE}")
        fresh.write_text(json.dumps({"told": self._told, "counted": self._counted}))
        fresh.chmod(0o600)
        fresh.replace(self._file)


def _read(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _counts(given: Any) -> dict[str, int]:
    given = given if isinstance(given, dict) else {}
    return {name: count for name, count in given.items() if isinstance(count, int)}


def refused_sums(stored: Iterable[StoredCapture]) -> list[RefusedSum]:
    """Captures of refused packets, given newest first, by protocol and destination, the latest first."""
    found: dict[tuple[str, str, int], RefusedSum] = {}
    for one in stored:
        effect = one.capture.effect
        key = (effect.target.scheme, effect.target.host, effect.target.port)
        count, before = int(one.capture.facts.get("count", 1)), found.get(key)
        if before is None:
            found[key] = RefusedSum(*key, count, one.capture.at)
        else:
            found[key] = RefusedSum(*key, before.count + count, before.last)
    return list(found.values())
