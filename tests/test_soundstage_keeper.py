"""Keeper with small processes: a first failure is told, a later death is answered by a restart, a stop is heeded."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from running import PATIENCE

from soundstage.keeper import Keeper
from soundstage.spawned import Spawned
from soundstage.trouble import ConfigError

OBEDIENT = "import sys, json; o = json.loads(input()); print(json.dumps({'ready': o}), flush=True); sys.stdin.read()"
OBEYING_TWICE = OBEDIENT.replace("json.loads(input())", "{n: json.loads(input()) for n in ('first', 'second')}")
TELLING_ITS_NUMBER = OBEDIENT.replace("o = json", "import os; o = {'pid': os.getpid()} | json")
COMPLAINING = 'input(); print(\'{"error": "port 1 is taken", "hint": "take another"}\'); raise SystemExit(2)'
DYING = "input(); raise SystemExit(3)"
KILLED = "import os; input(); os.kill(os.getpid(), 9)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); " + TELLING_ITS_NUMBER + "; time.sleep(60)"


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


class Orders:
    """Numbers the starts, so that a test can wait for one."""

    def __init__(self) -> None:
        self.given = 0
        self.again = asyncio.Event()

    async def __call__(self) -> dict[str, Any]:
        self.given += 1
        if self.given > 1:
            self.again.set()
        return {"start": self.given}


@contextlib.asynccontextmanager
async def kept(text: str, orders: Orders) -> AsyncIterator[Keeper]:
    keeper = Keeper("gateway", python(text), orders)
    task = asyncio.ensure_future(keeper.keep())
    try:
        async with asyncio.timeout(PATIENCE):
            yield keeper
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_ready_is_what_the_first_start_reported() -> None:
    async with kept(OBEDIENT, Orders()) as keeper:
        assert await keeper.ready == {"start": 1}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        pytest.param(COMPLAINING, "port 1 is taken", "take another", id="told-by-itself"),
        pytest.param(
            DYING, "the gateway ended before it was ready (exit code 3)", "what it said stands above", id="exit-code"
        ),
        pytest.param(
            KILLED, "the gateway ended before it was ready (signal SIGKILL)", "what it said stands above", id="signal"
        ),
    ],
)
async def test_death_before_ready_is_the_operators(text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as told:
        await Keeper("gateway", python(text), Orders()).keep()
    assert (str(told.value), told.value.hint) == (message, hint)


async def test_death_after_ready_is_answered_by_a_restart(capfd: pytest.CaptureFixture[str]) -> None:
    orders = Orders()
    async with kept(OBEDIENT, orders) as keeper:
        await keeper.ready
        keeper.signal(signal.SIGKILL)
        await orders.again.wait()
    assert "the gateway ended (signal SIGKILL); it is started again in 0.2 s" in capfd.readouterr().err


async def test_process_that_was_started_before_is_the_first_and_a_restart_is_another() -> None:
    orders = Orders()
    with Spawned(python(TELLING_ITS_NUMBER)) as early:
        keeper = Keeper("gateway", python(TELLING_ITS_NUMBER), orders, first=early)
        task = asyncio.ensure_future(keeper.keep())
        async with asyncio.timeout(PATIENCE):
            assert (await keeper.ready)["pid"] == early.process.pid
            keeper.signal(signal.SIGKILL)
            await orders.again.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_second_order_is_given_when_there_is_one() -> None:
    ready = asyncio.Event()

    async def later() -> dict[str, Any]:
        await ready.wait()
        return {"ledger": "ready"}

    keeper = Keeper("dashboard", python(OBEYING_TWICE), Orders(), later)
    task = asyncio.ensure_future(keeper.keep())
    async with asyncio.timeout(PATIENCE):
        await asyncio.sleep(0)
        ready.set()
        assert await keeper.ready == {"first": {"start": 1}, "second": {"ledger": "ready"}}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_process_nobody_told_anything_ends_with_its_block() -> None:
    with Spawned(python("input()")) as early:
        assert early.process.poll() is None
    with pytest.raises(ProcessLookupError):
        os.kill(early.process.pid, 0)


async def test_child_that_ignores_the_stop_is_ended() -> None:
    orders = Orders()
    keeper = Keeper("gateway", python(STUBBORN), orders)
    task = asyncio.ensure_future(keeper.keep())
    pid = (await keeper.ready)["pid"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_settings_do_not_reach_the_child_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDSTAGE_BIND", "10.0.0.1")
    monkeypatch.setenv("https_proxy", "http://elsewhere:1")
    telling = "import os, json; input(); print(json.dumps({'ready': sorted(os.environ)}), flush=True)"
    async with kept(telling, Orders()) as keeper:
        names = await keeper.ready
    assert {"PYTHONPATH", "PYDANTIC_DISABLE_PLUGINS"} <= set(names)
    assert not {"SOUNDSTAGE_BIND", "https_proxy"} & set(names)
