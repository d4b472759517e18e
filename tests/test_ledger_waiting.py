"""A write that is waited for: its task goes on at once, and whoever goes away is told like anybody who waits."""

import asyncio
from contextvars import ContextVar

import pytest

from ledger.waiting import Waiting

WHO = ContextVar("WHO", default="nobody")


def waiting() -> Waiting:
    return Waiting(loop=asyncio.get_running_loop())


async def waits(for_it: Waiting, told: list[str]) -> None:
    """A task of its own."""
    WHO.set("the task")
    try:
        await for_it
        told.append(f"durable, says {WHO.get()}")
    except ValueError as error:
        told.append(f"refused, {error}, says {WHO.get()}")


async def begun(for_it: Waiting, told: list[str]) -> asyncio.Task[None]:
    """The task, once it waits."""
    task = asyncio.ensure_future(waits(for_it, told))
    await asyncio.sleep(0)
    return task


async def test_the_task_goes_on_at_once_in_its_own_context() -> None:
    one, told = waiting(), list[str]()
    task = await begun(one, told)
    asyncio.get_running_loop().call_soon(one.settle, None)
    await asyncio.sleep(0)
    assert told == ["durable, says the task"]
    assert task.done()
    assert WHO.get() == "nobody"


async def test_a_refusal_is_raised_where_it_is_awaited() -> None:
    one, told = waiting(), list[str]()
    task = await begun(one, told)
    asyncio.get_running_loop().call_soon(one.settle, ValueError("full"))
    await task
    assert told == ["refused, full, says the task"]


async def test_what_was_settled_before_it_is_awaited_does_not_wait() -> None:
    one, told = waiting(), list[str]()
    one.settle(None)
    await waits(one, told)
    assert told == ["durable, says the task"]


async def test_a_task_that_is_cancelled_ends_and_is_not_run_again() -> None:
    one, told = waiting(), list[str]()
    task = await begun(one, told)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    one.settle(None)
    assert told == []


async def test_a_task_cancelled_before_it_waits_never_does() -> None:
    one, told = waiting(), list[str]()

    async def gone_before() -> None:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        await waits(one, told)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.ensure_future(gone_before())
    assert one.cancelled()
    assert told == []


async def test_any_other_who_asks_is_called_by_the_loop() -> None:
    one, told = waiting(), list[str]()
    task = await begun(one, told)
    one.add_done_callback(lambda _: told.append("called"))
    asyncio.get_running_loop().call_soon(one.settle, None)
    await task
    await asyncio.sleep(0)
    assert told == ["durable, says the task", "called"]
