"""The door and mitmproxy make the same effect and the same decision of the same bytes, whatever they are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from examples import SHARED, examples
from explicit_stage import explicit_entrance
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mitm_house import MemoryGate, MitmHouse, mitm_house, until_end

from ledger.intake import BodyIntake
from proxy.door import Door
from proxy.engines import EngineChooser
from proxy.listener import Listener
from proxy.steered import SteeredPlain

Address = tuple[str, int]
HOSTS = ("api.test", "API.test", "api.test.", "other.test", "127.1", "[::1]", "me@api.test", "a b", "", "api.test:80")


@dataclass
class BothEngines:
    """The same entrances twice, one before each engine, with a gate each."""

    mitm: MitmHouse
    door_gate: MemoryGate
    door_explicit: Address
    door_steered: Address

    async def judged(self, octets: bytes, *, steered: bool) -> tuple[list[Any], list[Any]]:
        """What each engine's gate was asked and decided about these bytes, sent and then closed."""
        return (
            await self._said(octets, self.door_steered if steered else self.door_explicit, self.door_gate),
            await self._said(octets, self.mitm.http if steered else self.mitm.proxy, self.mitm.gate),
        )

    async def _said(self, octets: bytes, to: Address, gate: MemoryGate) -> list[Any]:
        gate.taken.clear()
        reader, writer = await asyncio.open_connection(*to)
        writer.write(octets)
        writer.write_eof()
        await until_end(reader)
        writer.close()
        await gate.until(lambda: bool(gate.taken))
        return [_comparable(taken.effect, taken.decision) for taken in gate.taken]


def _comparable(effect: Any, decision: Any) -> Any:
    """Sentences about malformed bytes may differ in their words; everything else is compared."""
    facts = {} if effect.channel == "socket" else effect.facts
    return effect.model_copy(update={"facts": facts}), decision


@pytest_asyncio.fixture(scope="module")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BothEngines]:
    folder: Path = tmp_path_factory.mktemp("parity")
    async with mitm_house(folder) as house:
        house.opt_in("api.test")
        gate = MemoryGate(house.gate.policy)
        intake: Callable[[bool], BodyIntake] = lambda keep: BodyIntake(None)  # noqa: E731 - a name for its type
        door = Door(gate=gate, certificates=house.ca, intake=intake)
        chooser = EngineChooser(door, None, may_leave=lambda host, port: False, speaks_http2=lambda host: False)
        explicit, steered = Listener(explicit_entrance(chooser, gate)), Listener(SteeredPlain(chooser, gate))
        addresses = await explicit.start("127.0.0.1", 0), await steered.start("127.0.0.1", 0)
        yield BothEngines(house, gate, *addresses)
        await explicit.stop()
        await steered.stop()


names = st.sampled_from(("X-A", "Accept", "Authorization", "Upgrade", "Connection", "Content-Type", "Bad Name", "x"))
values = st.one_of(
    st.sampled_from(("a", "", "  padded ", "websocket", "h2c", "close", "a\tb", "a\x00b", "caf\xe9", "Basic cjp0")),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20),
)
fields = st.lists(st.tuples(names, values), max_size=4)
paths = st.sampled_from(("/", "/v1/x?a=b", "/v1/../admin", "/%2e%2e/", "//x", "/a b", "*", "no-slash", "/\xe9", "/a#b"))
bodies = st.sampled_from(
    (
        ("", ""),
        ("Content-Length: 5\r\n", "hello"),
        ("Content-Length: 5\r\n", "hel"),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
        ("Content-Length: x\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX: y\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhelloo\r\n0\r\n\r\n"),
        ("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
    )
)


@st.composite
def requests(draw: st.DrawFn) -> str:
    method = draw(st.sampled_from(("GET", "POST", "HEAD", "DELETE", "get", "CONNECT", "OPTIONS", "BREW")))
    path = draw(paths)
    if draw(st.booleans()):
        path = f"{draw(st.sampled_from(('http', 'https', 'HTTP', 'ftp', 'ws')))}://{draw(st.sampled_from(HOSTS))}{path}"
    hosts = "".join(f"Host: {host}\r\n" for host in draw(st.lists(st.sampled_from(HOSTS), min_size=0, max_size=2)))
    length, body = draw(bodies)
    more = "".join(f"{name}: {value}\r\n" for name, value in draw(fields))
    return f"{method} {path} HTTP/{draw(st.sampled_from(('1.1', '1.0', '2')))}\r\n{hosts}{more}{length}\r\n{body}"


@settings(max_examples=examples(150), suppress_health_check=SHARED)
@given(request=requests(), steered=st.booleans())
async def test_both_engines_judge_the_same_request_alike(engines: BothEngines, request: str, steered: bool) -> None:
    door, mitm = await engines.judged(request.encode("latin-1"), steered=steered)
    assert mitm == door


@settings(max_examples=examples(60), suppress_health_check=SHARED)
@given(octets=st.binary(min_size=1, max_size=60), steered=st.booleans())
@example(octets=b"\r", steered=False)
@example(octets=b"\r", steered=True)
@example(octets=b"\r\n", steered=False)
@example(octets=b"\r\n\r", steered=True)
async def test_both_engines_judge_bytes_that_are_no_request_alike(
    engines: BothEngines, octets: bytes, steered: bool
) -> None:
    door, mitm = await engines.judged(octets, steered=steered)
    assert [decision for _, decision in mitm] == [decision for _, decision in door]


TWO = "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n"


@pytest.mark.parametrize(
    "pair", [("api.test", "api.test"), ("other.test", "api.test"), ("api.test", "other.test"), ("other.test", "x.test")]
)
async def test_both_engines_judge_two_requests_of_one_connection_alike(
    engines: BothEngines, pair: tuple[str, str]
) -> None:
    octets = "".join(TWO.format(f"http://{host}/", host) for host in pair).encode()
    door, mitm = await engines.judged(octets, steered=False)
    assert mitm[0] == door[0]


async def test_both_engines_skip_the_empty_line_that_old_clients_send_after_a_request(engines: BothEngines) -> None:
    asks = TWO.format("http://other.test/", "other.test").encode()
    for address, gate in ((engines.door_explicit, engines.door_gate), (engines.mitm.proxy, engines.mitm.gate)):
        gate.taken.clear()
        reader, writer = await asyncio.open_connection(*address)
        for said in (asks + b"\r\n", asks):
            writer.write(said)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 403 ")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        writer.close()
        assert [taken.effect.channel for taken in gate.taken] == ["web", "web"]
