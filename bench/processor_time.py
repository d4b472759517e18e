"""Processor time of processes, from /proc."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(*process_ids: int) -> float:
    """User and system time of the processes so far, threads included, in seconds (proc(5), /proc/pid/stat)."""
    return sum(_of(process_id) for process_id in process_ids)


def _of(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_kilobytes(process_id: int) -> int:
    """Resident memory (VmRSS) in kB."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ValueError(f"/proc/{process_id}/status names no VmRSS")
