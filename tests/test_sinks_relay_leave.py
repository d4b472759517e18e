"""Whether a mail on its way may go on: by each of what the rules may say now, at once and while nothing is heard."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from effects import mail
from ledger_stage import until

from ledger.reply import Reply
from policies.decision import Decision
from sinks.passage import Departure
from sinks.relay_leave import Leave, TakenBack

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
THEN = Decision(verdict="allow", rule="qa", reason="qa", via="smtp://a.test", addresses=("10.0.0.0/8",), expires=LATER)


async def nothing(_left: bool, _reply: Reply | None) -> None:
    raise AssertionError("nothing is settled here")


def leave(now: list[Decision], then: Decision = THEN) -> Leave:
    """The rules say what comes first in the list."""
    return Leave(Departure("c", mail("b@qa.test"), then, nothing), lambda _effect: now[0], lambda: NOON)


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        pytest.param({}, False, id="as-before"),
        pytest.param({"rule": "other", "reason": "another"}, False, id="another-name-for-the-same"),
        pytest.param({"expires": LATER + timedelta(days=1)}, False, id="ends-later"),
        pytest.param({"expires": LATER - timedelta(seconds=1)}, True, id="ends-sooner"),
        pytest.param({"verdict": "capture", "via": None, "expires": None}, True, id="captured"),
        pytest.param({"verdict": "deny", "via": None, "expires": None}, True, id="denied"),
        pytest.param({"via": "smtp://b.test"}, True, id="by-another-relay"),
        pytest.param({"addresses": ()}, True, id="not-to-these-addresses"),
    ],
)
async def test_it_stays_where_the_rules_of_now_say_so(change: dict[str, Any], stays: bool) -> None:
    going = leave([THEN.model_copy(update=change)])
    if stays:
        with pytest.raises(TakenBack, match="opt-in qa was taken back or changed"):
            going.prove()
    else:
        going.prove()


async def test_who_waits_is_told_while_nothing_is_heard() -> None:
    rules, waiting = [THEN], asyncio.Event()
    going = leave(rules)

    async def relaying() -> None:
        async with going.within(60):
            waiting.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(relaying())
    await waiting.wait()
    rules[0] = THEN.model_copy(update={"verdict": "capture"})
    with pytest.raises(TakenBack):
        await asyncio.wait_for(task, 60)


async def test_rules_that_fail_end_it() -> None:
    going = leave([])
    with pytest.raises(IndexError):
        async with going.within(60):
            await asyncio.Event().wait()


async def test_after_the_last_dot_nothing_ends_it_but_its_time() -> None:
    going = leave([])
    going.over = True
    with pytest.raises(TimeoutError):
        async with going.within(0.6):
            await asyncio.Event().wait()


async def test_its_time_is_over_with_its_opt_in() -> None:
    with pytest.raises(TimeoutError):
        async with leave([THEN], THEN.model_copy(update={"expires": NOON})).within(60):
            await asyncio.Event().wait()


async def test_nothing_is_looked_at_once_it_is_over() -> None:
    asked: list[int] = []
    departure = Departure("c", mail("b@qa.test"), THEN, nothing)
    going = Leave(departure, lambda _effect: asked.append(1) or THEN, lambda: NOON)  # type: ignore[func-returns-value]  # counts
    async with going.within(60):
        await until(lambda: len(asked) > 1)
    seen = len(asked)
    beside: list[int] = []
    other = Leave(departure, lambda _effect: beside.append(1) or THEN, lambda: NOON)  # type: ignore[func-returns-value]  # counts
    async with other.within(60):
        await until(lambda: len(beside) > 2)  # in which time the first would have looked again
    assert len(asked) == seen
