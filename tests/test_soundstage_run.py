"""`soundstage run` as root and as an ordinary user, against a Soundstage of the same user."""

import os
from collections.abc import Iterator

import pytest
from run_stage import NOBODY, RunHouse, run_house, why_not

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user as well"),
    pytest.mark.skipif(why_not() is not None, reason=f"commands cannot be contained here: {why_not()}"),
]


@pytest.fixture(scope="module", params=["root", NOBODY])
def house(request: pytest.FixtureRequest) -> Iterator[RunHouse]:
    with run_house(request.param) as made:
        yield made


def test_curl_is_captured_as_the_runs_own(house: RunHouse) -> None:
    told, printed = house.told("curl", "-sS", "https://api.stripe.com/v1/charges", "-d", "amount=4200")
    assert '"amount":4200' in printed
    [capture] = house.captures(told["id"])
    assert (capture["operation"], capture["left"]) == ("charge.create", False)
    assert told["contained"] == "namespace"
    assert told["canaries"] == {"begin": {"http": True, "smtp": True}, "end": {"http": True, "smtp": True}}
