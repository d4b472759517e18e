"""PolicyInForce: a good file is taken, a refused one leaves what was in force, and a change is noticed by itself."""

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_stage import until
from running import PATIENCE

from policies.policy import Policy
from policies.policy_file import load_policy
from policies.policy_problem import PolicyError
from soundstage.policy_in_force import PolicyInForce

TEXT = """\
version: 1
opt_in:
  - {{id: {id}, to: api.weather.test, why: forecasts, owner: logistics, expires: {expires}}}
"""


def text(name: str) -> str:
    return TEXT.format(id=name, expires=f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text("first"))
    return path


def loading(file: Path) -> Callable[[], Policy]:
    return lambda: load_policy([file], now=datetime.now(UTC))


def ids(policy: PolicyInForce) -> list[str]:
    return [opt_in.id for opt_in in policy.in_force.opt_ins]


def test_first_load_raises(file: Path) -> None:
    file.write_text("version: 2\n")
    with pytest.raises(PolicyError, match="version"):
        PolicyInForce([file], loading(file))


def test_refused_file_keeps_the_old_policy_and_says_why(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    policy = PolicyInForce([file], loading(file))
    file.write_text("version: 1\nopt_in: nonsense\n")
    with caplog.at_level(logging.ERROR):
        policy.reload()
    assert ids(policy) == ["first"]
    assert policy.error is not None
    assert "policy.yaml:2" in policy.error
    assert "the old one stays in force" in caplog.text


def test_file_that_is_gone_keeps_the_old_policy(file: Path) -> None:
    policy = PolicyInForce([file], loading(file))
    file.unlink()
    policy.reload()
    assert ids(policy) == ["first"]
    assert "No such file" in (policy.error or "")


def test_the_files_are_kept_as_they_were_loaded(file: Path) -> None:
    policy = PolicyInForce([file], loading(file))
    loaded = file.read_text()
    assert policy.texts == ((file, loaded),)
    file.write_text("nonsense")
    policy.reload()
    assert policy.texts == ((file, loaded),), "what was refused decides nothing"
    file.write_text(text("second"))
    policy.reload()
    assert policy.texts == ((file, text("second")),)


def test_good_file_mends_it(file: Path) -> None:
    policy = PolicyInForce([file], loading(file))
    file.write_text("nonsense")
    policy.reload()
    file.write_text(text("second"))
    policy.reload()
    assert (ids(policy), policy.error) == (["second"], None)


def test_a_failure_that_nobody_foresaw_keeps_the_old_policy_and_is_told(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = False

    def load() -> Policy:
        if broken:
            raise RecursionError("too deep")
        return loading(file)()

    policy = PolicyInForce([file], load)
    broken = True
    policy.reload()
    assert ids(policy) == ["first"]
    assert policy.error == "Soundstage failed to read the policy files (RecursionError: too deep)"
    assert "the old one stays in force" in caplog.text
    broken = False
    policy.reload()
    assert policy.error is None


async def test_a_file_that_is_being_written_while_it_is_read_is_read_again(file: Path) -> None:
    """What has been written so far may be a policy too, without what would have denied."""
    written: list[str] = []

    def load() -> Policy:
        read = loading(file)()
        while written:
            file.write_text(text(written.pop()))
        return read

    def begin() -> None:
        written.append("whole")
        file.write_text(text("half"))

    policy = PolicyInForce([file], load)
    begin()
    policy.reload()
    assert (ids(policy), "changed while they were read" in (policy.error or "")) == (["first"], True)
    watching = asyncio.ensure_future(policy.watch())
    await until(lambda: policy.error is None)
    assert ids(policy) == ["whole"]
    watching.cancel()


def test_who_is_told_and_fails_keeps_nobody_else_from_being_told(file: Path) -> None:
    policy = PolicyInForce([file], loading(file))
    told: list[Policy] = []

    def fail(_policy: Policy) -> None:
        raise ValueError("a bug")

    policy.told += [fail, told.append]
    file.write_text(text("second"))
    policy.reload()
    assert (told, policy.error) == ([policy.in_force], None)


async def test_change_is_noticed(file: Path) -> None:
    loaded = asyncio.Queue[Policy]()

    def load() -> Policy:
        loaded.put_nowait(loading(file)())
        return loading(file)()

    policy = PolicyInForce([file], load)
    await loaded.get()
    watching = asyncio.ensure_future(policy.watch())
    fresh = file.with_name("fresh")
    fresh.write_text(text("second"))
    fresh.replace(file)
    async with asyncio.timeout(PATIENCE):
        await loaded.get()
    assert ids(policy) == ["second"]
    watching.cancel()


def change_unseen(file: Path) -> None:
    before = file.stat()
    file.write_text(text("other"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


async def test_change_that_leaves_size_and_time_as_they_were_is_noticed(file: Path) -> None:
    policy = PolicyInForce([file], loading(file))
    change_unseen(file)
    watching = asyncio.ensure_future(policy.watch())
    await until(lambda: ids(policy) == ["other"])
    watching.cancel()


class Coarse(PolicyInForce):
    """On a file system whose clock does not go on."""

    def _look(self) -> tuple[tuple[int, ...] | None, ...]:
        return ()


async def test_change_within_a_tick_of_the_clock_is_noticed(file: Path) -> None:
    policy = Coarse([file], loading(file))
    change_unseen(file)
    watching = asyncio.ensure_future(policy.watch())
    await until(lambda: ids(policy) == ["other"])
    watching.cancel()


def test_who_wants_to_know_is_told_of_each_policy_that_came_into_force(file: Path) -> None:
    policy = PolicyInForce([file], loading(file))
    told: list[Policy] = []
    policy.told.append(told.append)
    file.write_text("nonsense")
    policy.reload()
    file.write_text(text("second"))
    policy.reload()
    assert told == [policy.in_force]
