"""What is sent behind a connection's last request is not answered, leaves nowhere, and is on record all the same."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from leak_house import ENGINES, OPEN, SHUT, WAYS, Engine, LeakHouse, Way, head, leak_house, stayed

NAMES = {"mitm": OPEN, "door": SHUT}


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


def request(house: LeakHouse, way: Way, engine: Engine, path: str, version: str = "1.1", field: str = "") -> bytes:
    at = f"{NAMES[engine]}:{house.port(way)}"
    target = f"http://{at}{path}" if way == "explicit-http" else path
    return f"GET {target} HTTP/{version}\r\nHost: {at}\r\n{field}\r\n".encode()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("behind", ["whole", "cut"])
async def test_a_request_behind_the_last_one_is_on_record(
    house: LeakHouse, way: Way, engine: Engine, behind: str
) -> None:
    place = house.secure if way.endswith("https") else house.plain
    asked = len(place.requests)
    last = request(house, way, engine, "/allowed/last", field="Connection: close\r\n")
    second = request(house, way, engine, "/allowed/second", field="X-Api-Key: s3cret\r\n")
    async with house.visit(way, engine) as visit:
        streams = await visit.begin(f"{NAMES[engine]}:{house.port(way)}", NAMES[engine])
        assert streams is not None
        streams[1].write(last + (second if behind == "whole" else second[:-20]))
        await head(streams[0])
        first, other = await visit.captures(2)
    assert first.effect.target.path == "/allowed/last"
    assert stayed(other)
    assert (other.flags, other.facts["what"].startswith("a request came behind")) == (("truncated",), True)
    if behind == "whole":
        assert other.effect.target.host == NAMES[engine]
    assert [b"/allowed/last" in sent for sent in place.requests[asked:]] == ([True] if engine == "mitm" else [])


@pytest.mark.parametrize("engine", ENGINES)
async def test_nothing_more_is_recorded_where_nothing_came(house: LeakHouse, engine: Engine) -> None:
    async with house.visit("explicit-http", engine) as visit:
        reader, writer = await visit.connect()
        writer.write(request(house, "explicit-http", engine, "/allowed/last", version="1.0"))
        while await reader.read(65536):
            pass
        assert len(await visit.captures()) == 1
