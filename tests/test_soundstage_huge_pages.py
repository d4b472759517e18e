"""Huge pages: which ranges of memory are a heap, and a heap that really lies on huge pages afterwards."""

import subprocess
import sys
from pathlib import Path

import pytest

from soundstage.huge_pages import SIZE, gather, heap

MAPS = """\
55a17097d000-55a170aac000 rw-p 00000000 00:00 0                          [heap]
7f7d8df1b000-7f7d8e01b000 rw-p 00000000 00:00 0
7f7d8e2c9000-7f7d8e320000 r--p 00000000 fe:00 393                        /usr/lib/locale/C.utf8/LC_CTYPE
7f7d8e8eb000-7f7d8e96f000 rw-p 004eb000 fe:00 271                        /usr/lib/libpython3.13.so.1.0
7f7d8ebb4000-7f7d8ebb8000 rw-s 00000000 00:01 9                          /dev/zero (deleted)
7f7d8ebc0000-7f7d8ebc1000 ---p 00000000 00:00 0
7ffc4c1d2000-7ffc4c1f3000 rw-p 00000000 00:00 0                          [stack]
"""

HEAP = [(0x55A17097D000, 0x55A170AAC000), (0x7F7D8DF1B000, 0x7F7D8E01B000)]


def test_the_heap_is_private_memory_without_a_file() -> None:
    assert list(heap(MAPS.splitlines())) == HEAP


def test_nothing_is_a_heap_where_nothing_is_mapped() -> None:
    assert list(heap([])) == []


def test_what_was_there_before_is_there_afterwards() -> None:
    before = [bytes([number % 256]) * 3000 for number in range(2000)]
    gather()
    assert before == [bytes([number % 256]) * 3000 for number in range(2000)]


PROGRAM = f"""
from pathlib import Path
from soundstage.huge_pages import gather
kept = bytearray(b"x" * {8 * SIZE})
moved = gather()
print(moved, next(line.split()[1] for line in open("/proc/self/smaps_rollup") if line.startswith("AnonHugePages")))
"""


def _collapses() -> bool:
    enabled = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    release = tuple(int(part) for part in Path("/proc/sys/kernel/osrelease").read_text().split("-")[0].split(".")[:2])
    return enabled.exists() and "[never]" not in enabled.read_text() and release >= (6, 1)


@pytest.mark.skipif(sys.platform != "linux" or not _collapses(), reason="needs Linux 6.1 with transparent huge pages")
def test_a_heap_lies_on_huge_pages_afterwards() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True).stdout
    moved, kilobytes = map(int, told.split())
    assert moved >= 1
    assert kilobytes * 1024 >= moved * SIZE
