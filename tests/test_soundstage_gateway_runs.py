"""The gateway's runs as a whole, in this process: what a finished run leaves behind in it is nothing."""

import asyncio
import gc
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from leak_house import leak_house
from ledger_stage import until

from policies.body import Body
from policies.http_request import RunClaim
from policies.mail import Mail
from soundstage.gateway_runs_listeners import RunListeners
from soundstage.gateway_runs_wiring import gateway_runs
from soundstage.settings import Settings

OPT_INS = """
- {id: all-denied, email: {to: ["*@denied.test"]}, do: deny, run: [around], why: a, owner: b, expires: "2099-01-01"}
- {id: ours, email: {to: ["*@ours.test"]}, via: "smtp://127.0.0.1:1", addresses: [127.0.0.0/8], run: [around],
   why: a, owner: b, expires: "2099-01-01"}
- {id: theirs, email: {to: ["*@theirs.test"]}, via: "smtp://127.0.0.1:1", addresses: [127.0.0.0/8], run: [run-*],
   why: a, owner: b, expires: "2099-01-01"}
"""


async def test_a_run_inside_another_may_do_what_that_may_and_no_more(tmp_path: Path) -> None:
    """Whatever it is called: a run's id is what opt-ins are narrowed by."""
    async with leak_house(tmp_path) as house:
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        house.policy(OPT_INS.replace("2099-01-01", until))
        runs, gate = house.ground.runs, house.judging.gate
        runs.open("around", "", datetime.now(UTC))
        runs.open("run-inside", "", datetime.now(UTC), parent="around")
        runs.open("run-alone", "", datetime.now(UTC))

        async def decided(run: str, to: str) -> tuple[str, str, str]:
            claim = RunClaim(run, runs.keys.token(run))
            body = Body.of(b"Subject: x\r\n\r\nhello\r\n")
            outcome = await gate.take(Mail("a@b.test", (to,), body, "127.0.0.1", "smtp", 25, claim=claim))
            return outcome.effect.run, outcome.decision.verdict, outcome.decision.rule

        for run in ("around", "run-inside"):
            assert await decided(run, "a@denied.test") == (run, "deny", "all-denied")
            assert await decided(run, "a@ours.test") == (run, "allow", "ours")
            assert await decided(run, "a@theirs.test") == (run, "capture", "default:email")
        assert (await decided("run-alone", "a@theirs.test"))[1] == "allow"


async def test_what_is_missed_of_a_finished_child_is_told_of_it_before_it_is_written(tmp_path: Path) -> None:
    """Whoever verifies the run around it in that second must not be told that nothing is missing."""
    async with leak_house(tmp_path) as house:
        settings = Settings(data_dir=tmp_path / "data")
        async with gateway_runs(settings, house.ground, house.judging, house.doors, ("127.0.0.1", 1)) as runs:
            ask = runs.answers()
            await ask["run_open"]({"id": "around", "lease": 60.0})
            await ask["run_open"]({"id": "inside", "parent": "around"})
            await ask["run_finish"]({"run": "inside", "verdict": "clean"})
            house.ground.runs.missed("inside", datetime.now(UTC), "an effect was refused.")
            (child,) = (await ask["run_show"]({"run": "around"}))["children"]
            assert [gap["why"] for gap in child["gaps"]] == ["an effect was refused."]
            await ask["settle"]({"run": "around", "quiet": 0, "at_most": 600.0})
            held = house.ground.runs.held("around")
            assert held is not None
            assert held.called_at is not None
            assert held.called_at > time.monotonic() + 60, "who waits for a barrier is there as long as that may take"


async def test_finished_runs_leave_nothing_behind_in_memory(tmp_path: Path) -> None:
    async with leak_house(tmp_path) as house:
        settings = Settings(data_dir=tmp_path / "data")
        async with gateway_runs(settings, house.ground, house.judging, house.doors, ("127.0.0.1", 1)) as runs:
            ask = runs.answers()
            sockets = len(house.judging.own_sockets)

            async def play(number: int) -> None:
                asked: dict[str, Any] = {"id": f"r-{number}", "listener": number % 10 == 0, "canaries": True}
                told = await ask["run_open"](asked)
                window = await ask["window_open"]({"run": told["id"], "name": "t"})
                claim = RunClaim(told["id"], told["token"])
                body = Body.of(b"Subject: x\r\n\r\nhello\r\n")
                await house.judging.gate.take(
                    Mail("a@b.test", ("c@d.test",), body, "127.0.0.1", "smtp", 25, claim=claim)
                )
                await ask["window_close"]({"run": told["id"], "window": window["id"], "settle": {"quiet": 0}})
                finished = await ask["run_finish"]({"run": told["id"], "verdict": "clean"})
                assert finished["counts"]["captures"] == 1

            for number in range(10):
                await play(number)
            gc.collect()
            before = len(gc.get_objects())
            for number in range(10, 60):
                await play(number)
            gc.collect()
            assert len(gc.get_objects()) - before < 500, "objects: less than ten a run"
            assert house.judging.in_flight.size == 0
            assert house.ground.runs.open_ids == ()
            assert len(house.ground.runs.troubles) == 0
            assert len(house.judging.own_sockets) == sockets
            listed = await ask["run_list"]({"open": False, "limit": 1000})
            assert len(listed["items"]) == 60


async def test_whoever_closes_a_runs_ports_second_waits_for_the_first(tmp_path: Path) -> None:
    """Whoever ends a run closes them as soon as that is written, and so does whoever answers that it is ended."""
    async with leak_house(tmp_path) as house:
        listeners = RunListeners(Settings(data_dir=tmp_path / "data"), house.ground, house.judging, house.doors)
        sockets = len(house.judging.own_sockets)
        claim = RunClaim("r", house.ground.runs.keys.token("r"))
        places = {name: place.rpartition(":") for name, place in (await listeners.open(claim)).items()}
        _, writer = await asyncio.open_connection(places["http"][0], int(places["http"][2]))
        writer.write(b"GET / HTTP/1.1\r\n")
        await until(lambda: house.judging.in_flight.size > 0)  # it is served, and has to be ended
        first = asyncio.ensure_future(listeners.close("r"))
        await asyncio.sleep(0)
        await listeners.close("r")
        for name in ("proxy", "http", "https", "smtp", "smtps", "socks"):
            with pytest.raises(ConnectionRefusedError):  # without a turn of the loop, in which more would be closed
                socket.create_connection((places[name][0], int(places[name][2])))
        assert (len(house.judging.own_sockets), listeners.open_runs) == (sockets, 0)
        await first
        writer.close()
