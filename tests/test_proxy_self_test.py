"""The self-test passes where the holds hold, in time, and finds each of them broken where it is."""

import contextlib
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from mitm_house import MitmHouse, mitm_house
from mitmproxy.http import HTTPFlow

from policies.http_request import HttpRequest, RunClaim
from policies.naming import Names
from proxy.mitm_connection import HeldConnection
from proxy.mitm_flow import FlowHooks
from proxy.mitm_request import SeenRequest
from proxy.self_test import SelfTestFailed, is_refusal, self_test
from proxy.self_test_gate import ProofGate
from proxy.self_test_trap import Trap
from sinks.gate import NotReady
from sinks.passage import Seen


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        house.gate.trouble = closed
        yield house


def closed(_seen: Seen) -> Exception | None:
    return NotReady("closed")


def frame(kind: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, 0, 0, 0, 0, 0)) + payload


async def proved(house: MitmHouse, seconds: float = 60.0) -> None:
    bound = {"proxy": house.proxy, "http": house.http, "https": house.https}
    await self_test(house.engine, bound, house.chooser.forced, house.ca.path, seconds=seconds)


async def test_it_passes_through_a_closed_gate_and_leaves_no_trace(house: MitmHouse) -> None:
    await proved(house)
    assert house.gate.taken == []
    assert house.chooser.forced == set()
    told = await house.say(b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 503"), "the gate is as closed as before"


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        pytest.param(b"", True, id="closed"),
        pytest.param(b"HTTP/1.1 403 Forbidden\r\n", True, id="forbidden"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", False, id="answered"),
        pytest.param(frame(4) + frame(7, b"\0" * 8), True, id="http2-goodbye"),
        pytest.param(frame(4), False, id="http2-that-goes-on"),
        pytest.param(frame(4) + frame(1, b"\x88") + frame(7, b"\0" * 8), False, id="http2-answered"),
        pytest.param(frame(7, b"\0" * 8) + b"more", False, id="bytes-after-it"),
    ],
)
def test_what_a_trick_may_be_told(told: bytes, refused: bool) -> None:
    assert is_refusal(told) == refused


async def test_nobody_else_is_served_while_it_runs() -> None:
    gate = ProofGate(RunClaim("soundstage-self-test", "s3cret"), [("trap.soundstage.example", 1)])
    for claim in (None, RunClaim("soundstage-self-test", "guess"), RunClaim("other", "s3cret")):
        with pytest.raises(NotReady):
            await gate.take(HttpRequest("GET", "http", (), "/", (), "127.0.0.1", claim=claim))


class Deaf(FlowHooks):
    """Nothing works: nothing leaves either."""

    async def request(self, held: HeldConnection, flow: HTTPFlow) -> None:
        raise RuntimeError("a bug")


class Forgiving(FlowHooks):
    """Stock behaviour: a hook that raised is logged, and the request goes on."""

    async def failed(self, held: HeldConnection, flow: HTTPFlow) -> None:
        return


class Blind(FlowHooks):
    """Names that disagree are taken for one."""

    async def request(self, held: HeldConnection, flow: HTTPFlow) -> None:
        seen = flow.request
        assert isinstance(seen, SeenRequest)
        (source, first), *_ = seen.described.names
        names: Names = ((source, first),) if source == "host" else ((source, first), ("host", first))
        if source != "sni":
            seen.described = replace(seen.described, names=names)
        await super().request(held, flow)


class Upgrading(FlowHooks):
    """Any upgrade passes."""

    async def request(self, held: HeldConnection, flow: HTTPFlow) -> None:
        seen = flow.request
        assert isinstance(seen, SeenRequest)
        headers = tuple(field for field in seen.described.headers if field[0] != "upgrade")
        seen.described = replace(seen.described, headers=headers, flags=())
        await super().request(held, flow)


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        pytest.param(Deaf, "did not see it arrive", id="an-all-clear-because-nothing-works-is-a-false-one"),
        pytest.param(Forgiving, "a connection reached the trap", id="a-hook-that-raises-sends-the-request"),
        pytest.param(Blind, "a connection reached the trap", id="names-that-disagree-pass"),
        pytest.param(Upgrading, "a connection reached the trap", id="any-upgrade-passes"),
    ],
)
async def test_a_hold_that_is_broken_is_found(tmp_path: Path, broken: type[FlowHooks], found: str) -> None:
    """What gets out is not answered: each takes as long as it may, and on a busy machine nothing gets out so soon."""
    for seconds in (0.5, 5.0, 30.0):
        async with mitm_house(tmp_path / str(seconds), broken) as house:
            house.gate.trouble = closed
            with pytest.raises(SelfTestFailed) as failed:
                await proved(house, seconds=seconds)
        if found in str(failed.value):
            break
    assert found in str(failed.value)


async def test_a_listener_that_is_not_there_is_a_failure(house: MitmHouse) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    house.proxy = address
    with pytest.raises(SelfTestFailed, match="proxy"):
        await proved(house)


def test_a_trap_tells_what_came() -> None:
    with contextlib.closing(Trap()) as trap:
        assert trap.caught() == []
        with socket.create_connection(("127.0.0.1", trap.port)) as client:
            client.sendall(b"hello")
            came: list[bytes] = []
            until = time.monotonic() + 60
            while not came and time.monotonic() < until:
                came = trap.caught()
        assert came in ([b"hello"], [b""])
