"""What gateway and dashboard hold in memory while captures pile up, and what a captured request costs by then.

`python -m bench.memory_bench 1000000` does it with another number of captures, and is not among what `make bench` runs:
it takes some ten minutes.
"""

import sys
import time
from pathlib import Path

from bench.gateway import Gateway
from bench.http_bench import SECURE, load
from bench.processor_time import processor_seconds, resident_kilobytes
from bench.table import show

FEW = 10_000
"""Captures after which memory is looked at for the first time."""
LOOKS = 10
"""How often it is looked at after that."""
TURN_SECONDS = 5.0


def dashboard_beside(gateway: int) -> int:
    """The dashboard of that gateway: the same process started both, and holds the sockets of both."""
    parent = Path(f"/proc/{gateway}/stat").read_text().rpartition(")")[2].split()[1]
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if b"_dashboard" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise LookupError("the gateway has no dashboard beside it")


def main(captures: int = 1_000_000) -> None:
    """One table: memory and processor time by the captures that are there."""
    rows = []
    looks = sorted({FEW, *(captures * look // LOOKS for look in range(1, LOOKS + 1))})
    with Gateway(settings={"SOUNDSTAGE_KEEP_BYTES": str(10**12)}) as gateway:
        gateway.settle()
        ours, there, began = gateway.gateway_process, 0, time.monotonic()
        dashboard = dashboard_beside(ours)
        while looks:
            spent = processor_seconds(ours)
            answered, seconds = load(
                gateway.addresses["proxy"], SECURE, "--ca", gateway.addresses["ca"], "--connect", seconds=TURN_SECONDS
            )
            there += answered
            if there >= looks[0]:
                each = (processor_seconds(ours) - spent) / answered * 1e6
                resident = [resident_kilobytes(process) / 1024 for process in (ours, dashboard)]
                rows.append([f"{there:,}", *resident, each, answered / seconds])
                print(f"{there:,} captures after {time.monotonic() - began:.0f} s", flush=True)
                looks = [look for look in looks if look > there]
    show("Memory by captures", ["captures", "gateway MB", "dashboard MB", "CPU us each", "requests/s"], rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
