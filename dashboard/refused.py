"""Refused packets, as the page Now shows them: what the rules of a containing host counted, and where it went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.filters import Filters
from ledger.reader import Reader
from ledger.refused import FLAG, RefusedSum, refused_sums

LOOKED_AT = 500
"""The newest captures of refused packets that are added up: a window of a minute each."""
SHOWN = 8
PREFIX = "soundstage_refused_packets_"
COUNTED = ("udp", "icmp", "tcp", "other")


@dataclass(frozen=True, slots=True)
class Refused:
    """`counted` by protocol since the rules came into force; empty where the gateway reads no packet log."""

    counted: dict[str, int]
    unread: int
    sums: Sequence[RefusedSum]


def refused(reader: Reader, metrics: Mapping[str, float]) -> Refused | None:
    """None: nothing was refused, as far as anybody knows."""
    counted = {name: int(metrics[PREFIX + name]) for name in COUNTED if metrics.get(PREFIX + name)}
    sums = refused_sums(reader.captures(Filters(trait=FLAG), None, LOOKED_AT).items)[:SHOWN]
    if not counted and not sums:
        return None
    return Refused(counted, int(metrics.get(f"{PREFIX}unread", 0)), sums)
