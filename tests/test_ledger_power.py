"""A power failure, at any moment: what was told is so after the next start, and nobody has to mend anything.

A gateway's ground is watched as it lives: each write, each sync, each name, and each answer, in order (`power_trace`).
Of that, disks are made as a failure at some moment may leave them (`power_disk`), and started on (`power_start`).
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from power_disk import PowerDisk
from power_start import Told, wrong_after_start
from power_trace import Call, calls, tracing
from running import PROJECT, clean_environment

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

QUEUED = re.compile(rb"250 2\.0\.0 Ok: queued as (\S+)")
FEW = 45
"""Moments that are tried, of some hundreds."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call, and what it tells somebody."""

    call: Call
    told: list[Told]

    @property
    def moment(self) -> int:
        """An answer may be read before the call that sends it has ended."""
        return self.call.begun if self.told else self.call.ended


def told_by(call: Call) -> list[Told]:
    said = b"".join(call.texts) if call.name in ("write", "sendto", "sendmsg") else b""
    if call.name == "write" and call.fd == 1:
        return [json.loads(line) for line in said.splitlines()]
    return [{"what": "capture", "id": mail.decode(), "sha256": None} for mail in QUEUED.findall(said)]


def watched(folder: Path, *program: str) -> list[Step]:
    """What a program does on the disk, in order. It is given a data directory that is not there yet."""
    (folder / "disk").mkdir()
    words = [*tracing(folder / "trace"), sys.executable, "-P", *program, str(folder / "disk" / "data")]
    environment = {**clean_environment(), "PYTHONPATH": f"{PROJECT}:{PROJECT / 'tests'}"}
    subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
    return sorted((Step(call, told_by(call)) for call in calls(folder / "trace")), key=lambda step: step.moment)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Step]]:
    folder = tmp_path_factory.mktemp("power")
    return folder / "disk", watched(folder, str(PROJECT / "tests" / "power_life.py"))


def moments(root: Path, steps: list[Step]) -> Iterator[tuple[PowerDisk, list[Told], bool]]:
    """The disk after each step that changed it or told something, what was told by then, and whether it just was."""
    disk, told = PowerDisk(root), list[Told]()
    for step in steps:
        told += step.told
        if step.told or disk.do(step.call):
            yield disk, told, bool(step.told)


def failed(disk: PowerDisk, folder: Path, luck: Random | bool) -> Path:
    """The data directory as it is found."""
    shutil.rmtree(folder, ignore_errors=True)
    disk.fail(folder, luck)
    return folder / "data"


def test_what_was_told_was_synced(life: tuple[Path, list[Step]], tmp_path: Path) -> None:
    """Right as it is told, with nothing on the disk but what was synced."""
    tried = 0
    all_told = sum(just for _, _, just in moments(*life))
    for disk, told, just_told in moments(*life):
        if just_told:
            tried += 1
            if tried % (all_told // FEW + 1) == 0 or told[-1]["what"] != "capture":
                assert wrong_after_start(failed(disk, tmp_path / "found", luck=False), told) == [], told[-1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_of_the_rest_is_there(life: tuple[Path, list[Step]], tmp_path: Path, seed: int) -> None:
    """Writes, pages and names that nobody synced, in any mixture, at any moment: also within a start, or a purge."""
    luck = Random(seed)
    count = sum(1 for _ in moments(*life))
    tried = set(luck.sample(range(count), FEW // 3))
    for number, (disk, told, _) in enumerate(moments(*life)):
        if number in tried:
            assert wrong_after_start(failed(disk, tmp_path / "found", luck), told) == [], (number, told[-1:])


FORGETFUL = """
import json, os, sys
from pathlib import Path
folder = Path(sys.argv[1])
folder.mkdir()
for name in ("unsynced", "unnamed", "kept"):
    with (folder / name).open("wb") as file:
        file.write(b"x" * 2000)
        file.flush()
        if name != "unsynced":
            os.fsync(file.fileno())
    if name == "kept":
        for synced in (folder, folder.parent):
            os.fsync(os.open(synced, os.O_RDONLY))
        os.rename(folder / "unnamed", folder / "renamed")
        os.unlink(folder / "kept")
    os.write(1, json.dumps({"name": name}).encode() + b"\\n")
"""


def test_a_disk_forgets_what_was_not_synced(tmp_path: Path) -> None:
    """Else it would prove nothing."""
    steps = watched(tmp_path, "-c", FORGETFUL)
    disk = PowerDisk(tmp_path / "disk")
    for step in steps:
        disk.do(step.call)
    worst, best = (
        {file.name: file.stat().st_size for file in failed(disk, tmp_path / str(luck), luck).iterdir()}
        for luck in (False, True)
    )
    assert worst == {"unsynced": 0, "unnamed": 2000, "kept": 2000}
    assert best == {"unsynced": 2000, "renamed": 2000}
    assert [told["name"] for step in steps for told in step.told] == ["unsynced", "unnamed", "kept"]
