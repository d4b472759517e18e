"""Diverted: the same request to another target, with the original one in the capture, and `left` by where it went."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from mitm_house import MitmHouse, mitm_house

from ledger.reply import Reply
from policies.decision import Decision
from policies.effect import Effect, Target
from proxy.mitm_leaving import Leaving
from sinks.passage import Departure
from sinks.ticket import Ticket


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


@pytest.mark.parametrize(("prefix", "path"), [("", "/bucket/key?x=1"), ("/base", "/base/bucket/key?x=1")])
async def test_a_diverted_request_goes_to_its_target_with_that_ones_host(
    house: MitmHouse, prefix: str, path: str
) -> None:
    place = await house.stand_in.http()
    house.opt_in("s3.example.com:443", do="divert", divert=f"http://127.0.2.1:{place.port}{prefix}")

    reader, writer = await house.tunnel("s3.example.com:443")
    writer.write(b"PUT /bucket/key?x=1 HTTP/1.1\r\nHost: s3.example.com\r\nContent-Length: 2\r\n\r\nhi")
    told = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert told.startswith(b"HTTP/1.1 200")
    assert place.requests == [
        f"PUT {path} HTTP/1.1\r\nHost: 127.0.2.1:{place.port}\r\nContent-Length: 2\r\n\r\nhi".encode()
    ]
    await house.gate.until(lambda: bool(house.gate.taken[0].settled))
    (taken,) = house.gate.taken
    assert taken.effect.target.host == "s3.example.com"
    assert taken.decision.verdict == "divert"
    assert not taken.left, "its target is a private address that the opt-in names"


@pytest.mark.parametrize(
    ("verdict", "reached", "left"),
    [
        pytest.param("allow", None, False, id="nothing-reached"),
        pytest.param("allow", "127.0.2.1", True, id="allowed-is-left-wherever-it-went"),
        pytest.param("divert", "127.0.2.1", False, id="diverted-to-an-address-of-the-opt-in"),
        pytest.param("divert", "203.0.113.7", True, id="diverted-to-a-public-address"),
        pytest.param("divert", "::1", True, id="diverted-to-another-family"),
    ],
)
async def test_left_says_where_it_went(verdict: str, reached: str | None, left: bool) -> None:
    said: list[bool] = []

    async def settle(left: bool, reply: Reply | None) -> None:
        said.append(left)

    decision = Decision.model_validate(
        {"verdict": verdict, "rule": "r", "reason": "because", "addresses": ("127.0.0.0/8",)}
    )
    effect = Effect(
        channel="web", intent="read", protocol="h2", target=Target(scheme="https", host="a", port=1), source="127.0.0.1"
    )
    leaving = Leaving(Departure("c", effect, decision, settle), Ticket("client", "a", 1))
    leaving.reached = reached
    await leaving.settle(None)
    await leaving.settle_quietly(None)
    assert said == [left]
