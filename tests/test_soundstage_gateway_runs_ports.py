"""Runs' own listeners on ports that the operator names: those and no others, and told where they are all taken."""

from pathlib import Path
from typing import Any

import pytest
from free_ports import free_ports
from leak_house import leak_house

from proxy.listener import PortInUse
from soundstage.gateway_runs_ports import LISTENERS, RunPorts
from soundstage.gateway_runs_wiring import gateway_runs
from soundstage.setting_values import ports
from soundstage.settings import Settings


@pytest.fixture
def seven() -> list[int]:
    return free_ports(len(LISTENERS))


async def test_listeners_are_on_the_ports_that_are_named(tmp_path: Path, seven: list[int]) -> None:
    async with leak_house(tmp_path) as house:
        settings = Settings.model_validate({"data_dir": tmp_path / "data", "run_ports": ",".join(map(str, seven))})
        async with gateway_runs(settings, house.ground, house.judging, house.doors, ("127.0.0.1", 1)) as runs:
            ask = runs.answers()
            opened: dict[str, Any] = await ask["run_open"]({"id": "first", "listener": True})
            assert opened["listener"] == {
                name: f"127.0.0.1:{port}" for name, port in zip(LISTENERS, seven, strict=True)
            }
            refused = (await ask["run_open"]({"id": "second", "listener": True}))["problem"]
            assert refused["status"] == 409
            assert "SOUNDSTAGE_RUN_PORTS names 7 ports, enough for 1 runs with listeners at a time" in refused["detail"]
            await ask["run_finish"]({"run": "first"})
            assert (await ask["run_open"]({"id": "third", "listener": True}))["listener"] == opened["listener"]


def test_ports_of_a_run_from_before_a_restart_are_not_given_to_another() -> None:
    free = RunPorts(range(1, 15))
    free.keep(dict(zip(LISTENERS, range(1, 8), strict=True)))
    assert list(free.take().values()) == [8, 9, 10, 11, 12, 13, 14]
    with pytest.raises(PortInUse, match="finish a run, or name more"):
        free.take()
    free.give_back([3, 1, 2, 4, 5, 7, 6, 3, 99])
    assert list(free.take().values()) == [3, 1, 2, 4, 5, 7, 6]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param("", (), id="none"),
        pytest.param("20000-20002, 20001,30000", (20000, 20001, 20002, 30000), id="a-range-and-one-more-each-once"),
        pytest.param([20000, 20001], (20000, 20001), id="a-list"),
    ],
)
def test_ports_that_are_named(given: Any, found: tuple[int, ...]) -> None:
    assert ports(given) == found


@pytest.mark.parametrize("given", ["0", "20002-20000", "65536", "http", "1-2-3", "-5"])
def test_ports_that_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must name ports from 1 to 65535"):
        ports(given)
