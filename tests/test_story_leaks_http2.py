"""Ways round by HTTP/2: authorities, coalescing, lengths, gRPC, no ALPN. Each stream is judged by all its own names.

The same stand-in as in `test_story_leaks`. Of the door's host too it is mitmproxy that serves a client of HTTP/2 alone.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from http2_client import Http2Client
from leak_house import ENGINES, OPEN, SECOND, SHUT, Engine, LeakHouse, Way, leak_house, stayed

TLS_WAYS: tuple[Way, ...] = ("explicit-https", "steered-https")
NAMES = {"mitm": OPEN, "door": SHUT}


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


@pytest_asyncio.fixture(autouse=True)
async def nothing_arrives(house: LeakHouse) -> AsyncIterator[None]:
    """Whatever a test here does, the stand-in is not reached."""
    before = len(house.stand_in.arrivals)
    yield
    assert await house.reached() == before


H2 = {
    "another-path": {"path": "/elsewhere"},
    "another-authority-than-sni": {"authority": SECOND},
    "an-authority-nobody-opted-in": {"authority": SHUT},
    "no-authority": {"authority": ""},
    "a-second-host": {"fields": (("host", SECOND),)},
    "grpc-to-a-method-nobody-opted-in": {
        "path": "/a.Service/Call", "method": "POST", "body": bytes(5), "fields": (("content-type", "application/grpc"),)
    },
    "scheme-with-a-colon": {"scheme": "https:", "path": "/elsewhere"},
    "extended-connect": {"method": "CONNECT", "fields": ((":protocol", "websocket"),)},
    "two-lengths": {"method": "POST", "body": b"12345", "fields": (("content-length", "5"), ("content-length", "0"))},
    "a-signed-length": {"method": "POST", "body": b"12345", "fields": (("content-length", "+5"),)},
    "a-length-too-short": {"method": "POST", "body": b"12345", "fields": (("content-length", "1"),)},
}  # fmt: skip


@pytest.mark.parametrize("trick", [pytest.param(trick, id=name) for name, trick in H2.items()])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", TLS_WAYS)
async def test_an_http2_stream_is_judged_by_all_its_own_names(
    house: LeakHouse, way: Way, engine: Engine, trick: dict[str, object]
) -> None:
    port, name = house.secure.port, NAMES[engine]
    async with house.visit(way, engine) as visit:
        streams = await visit.begin(f"{name}:{port}", name, ("h2",))
        assert streams is not None
        client = Http2Client(*streams)
        asked = {"path": "/allowed/x", **trick}
        authority = str(asked.pop("authority", name))
        stream = client.send(f"{authority}:{port}" if authority else "", **asked)  # type: ignore[arg-type] # a row
        await client.until(stream)
        assert all(map(stayed, await visit.captures()))


@pytest.mark.parametrize("way", TLS_WAYS)
async def test_http2_without_alpn_is_judged_the_same(house: LeakHouse, way: Way) -> None:
    """By the engine that speaks it. The door refuses it as bytes that are no HTTP, which a row above shows."""
    async with house.visit(way, "mitm") as visit:
        streams = await visit.begin(f"{OPEN}:{house.secure.port}", OPEN)
        assert streams is not None
        client = Http2Client(*streams)
        stream = client.send(f"{SHUT}:{house.secure.port}", "/allowed/x")
        await client.until(stream)
        assert all(map(stayed, await visit.captures()))
