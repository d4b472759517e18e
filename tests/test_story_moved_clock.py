"""A machine whose wall clock is moved, under the whole Soundstage: what it tells of its runs, and how it ends old ones.

Both processes are as they always are; only what the C library tells them of the time is moved (`moved_clock.c`).
"""

import asyncio
import functools
import re
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from running import PROJECT, Running, eventually, started
from runs_stage import OneRun, begun
from stand_in import FIRST, standing_in

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc) to build the moved clock with")
HOUR = 3600
QUIET = "version: 1\nsettle: {quiet: 20ms, at_most: 60s}\ncontained: optional\nothers: allow\n"


class Clock:
    """The wall clock of what is started with it."""

    def __init__(self, folder: Path) -> None:
        self._file, library = folder / "moved", folder / "moved_clock.so"
        self.move_to(0)
        build = ["cc", "-shared", "-fPIC", "-o", str(library), str(PROJECT / "tests" / "moved_clock.c"), "-ldl"]
        subprocess.run(build, check=True, capture_output=True, timeout=60)
        self.environ = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(self._file)}

    def move_to(self, seconds: int) -> None:
        """So many seconds ahead of the machine's own."""
        if self._file.exists():
            with self._file.open("r+b") as file:  # in its place: it is mapped
                file.write(struct.pack("q", seconds))
        else:
            self._file.write_bytes(struct.pack("q", seconds))


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def moved(clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("moved")
    (folder / "hosts").write_text(f"{FIRST} open.story.test\n")
    more = {"SOUNDSTAGE_HOSTS_FILE": str(folder / "hosts")}
    with started(folder, {**clock.environ, **more}, policy="version: 1\n") as running:
        yield running


def until(run: OneRun, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while not holds(shown := run.shown()):
        assert time.monotonic() < deadline, shown
        time.sleep(0.05)
    return dict(shown)


def tells(moved: str, shown: dict[str, Any]) -> bool:
    """Whether a gap of the run tells of a clock that was moved so by an hour, as two clocks read in turn show it."""
    told = [re.search(rf"the clock was moved {moved} by ([0-9.]+) s", gap["why"]) for gap in shown["gaps"]]
    return any(found is not None and abs(float(found[1]) - HOUR) < 60 for found in told)


def verdict(run: OneRun) -> tuple[str, str]:
    told = run.post("verify", {"text": QUIET})
    return told["verdict"], " ".join(told["reasons"])


def hook(run: OneRun) -> None:
    with run.http() as client:
        client.post("http://hooks.partner.test/orders", json={})


def test_a_clock_that_is_moved_is_a_gap_of_every_open_run(moved: Running, clock: Clock) -> None:
    over = begun(moved, listener=True)
    over.post("finish")
    run = begun(moved, listener=True)
    hook(run)
    assert verdict(run) == ("clean", "")
    for to, where in ((HOUR, "forward"), (0, "back")):
        clock.move_to(to)
        told = until(run, functools.partial(tells, where))
        assert told["open"], "an hour ends no run"
    judged, reasons = verdict(run)
    assert (judged, "the clock was moved forward" in reasons, "moved back" in reasons) == ("inconclusive", True, True)
    hook(run)
    assert len(run.captures()) == 2, "whatever the clock says, it is the run's"
    assert over.shown()["gaps"] == [], "it was over before"
    fresh = begun(moved, listener=True)
    hook(fresh)
    assert verdict(fresh) == ("clean", ""), "what is begun afterwards is whole"
    for one in (run, fresh):
        one.post("finish")


def test_a_run_older_than_a_day_is_ended_and_never_told_clean(moved: Running, clock: Clock) -> None:
    run = begun(moved, name="forgotten", listener=True)
    with run.own_api() as api:
        answer = api.post("/api/runs", json={"name": "inside it"})
    child = OneRun(moved, answer.json())
    hook(run)
    clock.move_to(25 * HOUR)
    told = until(run, lambda shown: not shown["open"])
    assert (told["verdict"], told["ended"]) == ("inconclusive", "expired")
    assert (child.shown()["open"], child.shown()["ended"]) == (False, "expired")
    judged, reasons = verdict(run)
    assert (judged, "it was open for a day and was then ended" in reasons) == ("inconclusive", True)
    assert len(run.captures()) == 1, "its own token still reads what it did"
    hook(run)
    assert (len(run.captures()), begun(moved).shown()["open"]) == (1, True)


def opened(moved: Running, port: int, hours: int) -> None:
    """Opt the stand-in in for so many hours of the machine's own clock, and wait until that is in force."""
    end = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    moved.policy.write_text(
        f"version: 1\nopt_in:\n  - {{id: open, to: 'open.story.test:{port}', why: a test, owner: tests, "
        f"expires: '{end}', addresses: [127.0.0.0/8]}}\n"
    )
    asked = {"method": "GET", "url": f"http://open.story.test:{port}/x"}
    with moved.api() as api:
        explain = functools.partial(api.post, "/api/policy/explain", json=asked)
        eventually(lambda: explain().json()["verdict"] == "allow", "it is in force")


async def test_an_opt_in_ends_by_the_clock_that_is_moved(moved: Running, clock: Clock, tmp_path: Path) -> None:
    """What is open already, too: the loop's own clock knows nothing of it."""
    clock.move_to(0)
    async with standing_in(tmp_path) as stand_in:
        place = await stand_in.http()
        await asyncio.to_thread(opened, moved, place.port, 25)
        asked = f"GET http://open.story.test:{place.port}/x HTTP/1.1\r\nHost: open.story.test:{place.port}\r\n\r\n"
        reader, writer = await asyncio.open_connection(*moved.place("proxy"))
        writer.write(asked.encode())
        assert (await reader.readuntil(b"true}")).startswith(b"HTTP/1.1 200")
        clock.move_to(26 * HOUR)
        async with asyncio.timeout(60):
            assert await reader.read() == b"", "it is closed"
        writer.close()
        reader, writer = await asyncio.open_connection(*moved.place("proxy"))
        writer.write(asked.encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 403")
        writer.close()
        assert len(place.requests) == 1
    clock.move_to(0)
