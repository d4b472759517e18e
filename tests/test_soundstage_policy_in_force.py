"""PolicyInForce: a good file is taken, a refused one leaves what was in force, and a change is noticed by itself."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

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
    async with asyncio.timeout(30):
        await loaded.get()
    assert ids(policy) == ["second"]
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
