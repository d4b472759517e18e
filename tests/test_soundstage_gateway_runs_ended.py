"""How a run ends: nobody is told that it was clean, or at rest, who cannot know it any more."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.message
import pytest
from leak_house import LeakHouse, leak_house

from policies.http_request import RunClaim
from soundstage.control_server import Asked
from soundstage.gateway_runs_wiring import gateway_runs
from soundstage.settings import Settings

SOON = {"quiet": 0, "at_most": 0.05}
BARRIER = {"quiet": 0, "at_most": 30}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
async def house(folder: Path) -> AsyncIterator[LeakHouse]:
    async with leak_house(folder) as made:
        yield made


@pytest.fixture(scope="module")
async def ask(house: LeakHouse, folder: Path) -> AsyncIterator[dict[str, Asked]]:
    settings = Settings(data_dir=folder / "data")
    async with gateway_runs(settings, house.ground, house.judging, house.doors, ("127.0.0.1", 1)) as runs:
        yield runs.answers()


def under_way(house: LeakHouse, run: str) -> object:
    key, claim = object(), RunClaim(run, house.ground.runs.keys.token(run))
    house.judging.in_flight.begin(key, "a request", "127.0.0.1", claim=claim, told=True)
    return key


async def begun(ask: dict[str, Asked], run: str, **asked: Any) -> None:
    assert (await ask["run_open"]({"id": run, **asked}))["id"] == run


async def verdict(ask: dict[str, Asked], run: str) -> str:
    return str((await ask["run_finish"]({"run": run, "verdict": "clean"}))["verdict"])


async def test_what_is_under_way_when_it_ends_makes_no_clean_run(house: LeakHouse, ask: dict[str, Asked]) -> None:
    """It was judged a moment before that began: its owner says what it found, and cannot know more."""
    await begun(ask, "busy")
    key = under_way(house, "busy")
    assert await verdict(ask, "busy") == "inconclusive"
    house.judging.in_flight.end(key)
    await begun(ask, "quiet")
    assert await verdict(ask, "quiet") == "clean"


async def test_a_wrong_token_since_it_was_judged_makes_no_clean_run(house: LeakHouse, ask: dict[str, Asked]) -> None:
    await begun(ask, "guessed")
    house.ground.runs.run_of(RunClaim("guessed", "wrong"), "127.0.0.1")
    assert await verdict(ask, "guessed") == "inconclusive"


async def test_a_gap_takes_nothing_from_what_was_proved(house: LeakHouse, ask: dict[str, Asked]) -> None:
    await begun(ask, "proved")
    house.ground.runs.missed("proved", datetime.now(UTC), "an effect was refused.")
    assert (await ask["run_finish"]({"run": "proved", "verdict": "violated"}))["verdict"] == "violated"


async def test_what_was_ended_by_others_than_its_owner_is_not_at_rest(house: LeakHouse, ask: dict[str, Asked]) -> None:
    """A test that says `none` after its run was abandoned looks at nothing: what came since was nobody's."""
    await begun(ask, "left")
    window = await ask["window_open"]({"run": "left", "name": "test_none"})
    house.ground.runs.finish("left", "inconclusive", datetime.now(UTC), "abandoned")
    why = "it was ended (abandoned) before its owner did, and what came since is not booked to it."
    told = await ask["settle"]({"run": "left", **BARRIER})
    assert (told["reached"], told["why"]) == (False, why)
    closed = await ask["window_close"]({"run": "left", "window": window["id"], "settle": BARRIER})
    assert (closed["settled"], closed["why"]) == (False, why)
    await begun(ask, "done")
    assert await verdict(ask, "done") == "clean"
    assert (await ask["settle"]({"run": "done", **BARRIER}))["reached"]


async def test_a_window_that_is_closed_again_is_not_at_rest_for_that(house: LeakHouse, ask: dict[str, Asked]) -> None:
    """Whoever heard no answer the first time asks again, and was told that all was quiet."""
    await begun(ask, "again")
    window = (await ask["window_open"]({"run": "again", "name": "t"}))["id"]
    key = under_way(house, "again")
    for _ in range(2):
        told = await ask["window_close"]({"run": "again", "window": window, "settle": SOON})
        assert (told["settled"], "a request of the run 'again'" in told["why"]) == (False, True)
    house.judging.in_flight.end(key)
    assert (await ask["window_close"]({"run": "again", "window": window, "settle": BARRIER}))["settled"]
    assert (await ask["window_close"]({"run": "again", "window": window}))["settled"] is None, "nobody asked"
    told = await ask["window_close"]({"run": "again", "window": "w-none", "settle": BARRIER})
    assert told["problem"]["status"] == 404
    await verdict(ask, "again")


async def test_an_effect_that_waits_in_its_ports_when_it_ends_is_noted(house: LeakHouse, ask: dict[str, Asked]) -> None:
    """They are closed then, and what nobody had accepted yet is gone."""
    run = await ask["run_open"]({"id": "ports", "listener": True})
    host, _, port = run["listener"]["http"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n12")
        assert await verdict(ask, "ports") == "inconclusive"


async def test_repeats_of_a_question_are_on_record_when_a_run_is_at_rest(
    house: LeakHouse, ask: dict[str, Asked]
) -> None:
    run = await ask["run_open"]({"id": "asks", "listener": True})
    place = run["listener"]["dns"].rpartition(":")
    for _ in range(3):
        await asyncio.to_thread(look_up, (place[0], int(place[2])), "often.partner.test")
    assert (await ask["settle"]({"run": "asks", **BARRIER}))["reached"]
    (asked,) = [one.capture for one in house.reader.since(0, 1000) if one.capture.effect.run == "asks"]
    assert asked.facts["count"] == 3
    await verdict(ask, "asks")


async def test_what_is_known_of_a_finished_run_is_written_at_the_stop(tmp_path: Path) -> None:
    """Of one that is open the next start says that it was interrupted; of this nobody would say anything."""
    async with leak_house(tmp_path) as house:
        settings = Settings(data_dir=tmp_path / "data")
        async with gateway_runs(settings, house.ground, house.judging, house.doors, ("127.0.0.1", 1)) as runs:
            await begun(runs.answers(), "over")
            await verdict(runs.answers(), "over")
            house.ground.runs.missed("over", datetime.now(UTC), "an effect was refused.")
        assert house.ground.runs.troubles.pending("over") == ()
        told = house.ground.runs.archive.find("over")
        assert told is not None
        assert [gap.why for gap in told.gaps] == ["an effect was refused."]


def look_up(place: tuple[str, int], name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(30)
        asking.sendto(dns.message.make_query(name, "A").to_wire(), place)
        assert dns.message.from_wire(asking.recv(4096)).answer
