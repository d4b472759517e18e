"""What a client sent ahead of an answer over HTTP/1.1 and that is never read as a request is on record all the same."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from mitm_house import MitmHouse, mitm_house, reset
from stand_in import Arrival, Conversation, Place

from policies.effect import UNATTRIBUTED
from policies.http_request import HttpRequest
from policies.raw_connection import RawConnection
from proxy.mitm_http1 import AHEAD
from sinks.in_flight import InFlight

NAME = "sandbox.test"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


def asked(path: str, port: int, body: str = "x", length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    head = f"POST http://{NAME}:{port}{path} HTTP/1.1\r\nHost: {NAME}:{port}\r\nContent-Length: {length}\r\n\r\n"
    return f"{head}{body}".encode()


class Slow:
    """A destination that answers once it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    def conversation(self, _place: Place, _arrival: Arrival) -> Conversation:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\nx")
            await self.go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await reader.read()

        return answer


async def waiting(house: MitmHouse, slow: Slow, *, ahead: str = "") -> tuple[Streams, int]:
    """A client whose first request has arrived at a destination that does not answer yet; with it came another one."""
    place = await house.stand_in.listen(slow.conversation)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}", paths="[/first]")
    streams = await asyncio.open_connection(*house.proxy)
    streams[1].write(asked("/first", place.port) + (asked(ahead, place.port) if ahead else b""))
    async with asyncio.timeout(60):
        await place.arrived.wait()
    return streams, place.port


def unread(house: MitmHouse) -> list[RawConnection]:
    return [taken.seen for taken in house.gate.taken if isinstance(taken.seen, RawConnection)]


def paths(house: MitmHouse) -> list[str]:
    return [taken.seen.target for taken in house.gate.taken if isinstance(taken.seen, HttpRequest)]


async def test_what_a_client_that_is_gone_had_sent_ahead(house: MitmHouse) -> None:
    (_, writer), _ = await waiting(house, Slow(), ahead="/second")
    reset(writer)
    await house.gate.until(lambda: unread(house) != [])
    (seen,) = unread(house)
    assert b"/second" in (seen.opening.data or b"")
    assert seen.flags == ("truncated",)


async def test_a_request_that_waits_is_told_by_whom_it_means(tmp_path: Path) -> None:
    in_flight = InFlight()
    async with mitm_house(tmp_path, in_flight=in_flight) as house:
        (_, writer), port = await waiting(house, Slow())
        assert [work.host for work in in_flight.of_run(UNATTRIBUTED, lambda *_: UNATTRIBUTED)] == [f"{NAME}:{port}"]
        writer.close()


async def test_more_sent_ahead_than_is_held(house: MitmHouse) -> None:
    (_, writer), port = await waiting(house, Slow())
    writer.write(asked("/second", port, "y" * (AHEAD + 1)))
    await house.gate.until(lambda: unread(house) != [])
    (seen,) = unread(house)
    assert f"more than {AHEAD} octets" in seen.what
    writer.close()


async def test_a_body_that_the_client_ended_before_the_answer_ahead_of_it_came(house: MitmHouse) -> None:
    slow = Slow()
    (reader, writer), port = await waiting(house, slow)
    writer.write(asked("/second", port) + asked("/third", port, "half", length=8))
    writer.write_eof()
    slow.go.set()
    async with asyncio.timeout(60):
        told = await reader.read()
    assert told.count(b"HTTP/1.1 ") == 3
    assert b"before its request's body was whole" in told
    assert paths(house) == ["/first", "/second"]
    (seen,) = unread(house)
    assert b"/third" in (seen.opening.data or b"")
    writer.close()
