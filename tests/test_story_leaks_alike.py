"""Heads that are known by their likeness to earlier ones are judged anew each time, by the policy of that moment."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from leak_house import SHUT, WAYS, LeakHouse, Streams, Way, leak_house, opted_in, stayed

BODY = b'{"n":1}'


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


async def told(house: LeakHouse, way: Way, streams: Streams, number: int, name: str = SHUT) -> bytes:
    """The status of the answer to a request that is like the one before it but for what clients change each time."""
    reader, writer = streams
    place = f"{name}:{house.port(way)}"
    # In origin form, as a head is remembered: of an absolute one each is read in full.
    fields = (f"Host: {place}", f"Content-Length: {len(BODY)}", f"Idempotency-Key: {number}", "Accept: */*")
    writer.write("\r\n".join((f"POST /allowed/{number} HTTP/1.1", *fields, "", "")).encode() + BODY)
    async with asyncio.timeout(60):
        said = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: ([0-9]+)", said)
        await reader.readexactly(int(length[1]) if length is not None else 0)
    return said[9:12]


@pytest.mark.parametrize("way", WAYS)
async def test_the_same_head_leaves_only_while_it_is_opted_in(house: LeakHouse, way: Way) -> None:
    place, own = f"{SHUT}:{house.port(way)}", house.secure if way.endswith("https") else house.plain
    house.policy("")
    async with house.visit(way) as visit:
        kept = await visit.begin(place, SHUT)
        assert kept is not None
        assert [await told(house, way, kept, number) for number in range(3)] == [b"200"] * 3
        arrived = len(own.requests)

        house.policy(opted_in(SHUT, (house.plain.port, house.secure.port)))
        # What was begun in the clear is handed over and leaves; within TLS it is told to come again.
        leaves = not way.endswith("https")
        assert await told(house, way, kept, 3) == (b"200" if leaves else b"503")
        fourth = (await visit.captures(4))[3]
        assert (fourth.decision.verdict, fourth.left, len(own.requests) - arrived) == ("allow", leaves, int(leaves))

        house.policy("")
        arrived, reached = len(own.requests), await house.reached()
        for number in (4, 5):
            again = await visit.begin(place, SHUT)
            assert again is not None
            assert await told(house, way, again, number) == b"200"
        assert all(map(stayed, (await visit.captures(6))[4:]))
        assert (len(own.requests), await house.reached()) == (arrived, reached)


@pytest.mark.parametrize("way", WAYS)
async def test_a_head_that_is_like_but_for_its_host_is_another(house: LeakHouse, way: Way) -> None:
    house.policy("")
    async with house.visit(way) as visit:
        kept = await visit.begin(f"{SHUT}:{house.port(way)}", SHUT)
        assert kept is not None
        names = (SHUT, SHUT, "metadata.google.internal", SHUT, SHUT.upper(), f"x{SHUT[1:]}")
        for number, name in enumerate(names):
            await told(house, way, kept, number, name)
        seen = await visit.captures(len(names))
    assert [(capture.effect.target.host, capture.facts.get("idempotency_key")) for capture in seen] == [
        (name.lower(), None) for name in names
    ]
    assert [capture.effect.target.path for capture in seen] == [f"/allowed/{number}" for number in range(len(names))]
    assert all(map(stayed, seen))
    assert seen[2].decision.rule.startswith("never:")
