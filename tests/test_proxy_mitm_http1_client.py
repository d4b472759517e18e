"""What a destination says before its answer, and how much of an answer waits for a client that does not read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from http2_client import Http2Client
from mitm_house import MitmHouse, mitm_house, until_end

NAME = "sandbox.test"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal"
LONG = 32 * 1024 * 1024
"""Octets: far more than the sockets on the way hold."""


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


@pytest.mark.parametrize("tls", [None, NAME], ids=["clear", "tls"])
@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", id="early-hints"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n", id="two"),
        pytest.param(b"", id="none"),
    ],
)
async def test_interim_answers_are_not_taken_for_the_answer(house: MitmHouse, before: bytes, tls: str | None) -> None:
    place = await house.stand_in.http(tls=tls, answer=before + FINAL)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    asked = f"GET /x HTTP/1.1\r\nHost: {NAME}:{place.port}\r\n\r\n"
    if tls is None:
        reader, writer = await asyncio.open_connection(*house.proxy)
        asked = asked.replace(" /x", f" http://{NAME}:{place.port}/x")
    else:
        reader, writer = await house.tunnel(f"{NAME}:{place.port}")
    for _ in range(2):
        writer.write(asked.encode())
        assert (await until_end(reader, b"real")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    assert len(place.arrivals) == 1, "the connection is kept"
    for taken in house.gate.taken:
        assert taken.reply is not None
        assert (taken.reply.status, taken.reply.body) == (200, b"real")


async def test_an_answer_arrives_without_its_trailer_fields(house: MitmHouse) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nreal\r\n0\r\nAlt-Svc: h3\r\n\r\n"
    place = await house.stand_in.http(answer=chunked)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    reader, writer = await asyncio.open_connection(*house.proxy)
    for _ in range(2):
        writer.write(f"GET http://{NAME}:{place.port}/x HTTP/1.1\r\nHost: {NAME}:{place.port}\r\n\r\n".encode())
        assert b"alt-svc" not in (await until_end(reader, b"0\r\n\r\n")).lower()
    writer.close()
    assert len(place.arrivals) == 1, "the connection is kept"
    for taken in house.gate.taken:
        assert taken.reply is not None
        assert (taken.reply.status, taken.reply.body) == (200, b"real")


async def test_a_client_that_opens_no_window_does_not_have_an_answer_pile_up(house: MitmHouse) -> None:
    written, some_written, all_written = 0, asyncio.Event(), asyncio.Event()

    async def long_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LONG)
        while written < LONG:
            writer.write(bytes(65536))
            await writer.drain()
            written += 65536
            some_written.set()
        all_written.set()

    place = await house.stand_in.listen(
        lambda place, arrival: long_answer, tls=house.stand_in.context(NAME, "http/1.1")
    )
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    client = Http2Client(*await house.tunnel(f"{NAME}:{place.port}", alpn=("h2", "http/1.1")))
    client.send(f"{NAME}:{place.port}", "/long")

    async with asyncio.timeout(60):
        await some_written.wait()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(all_written.wait(), 1.5)
    assert written < LONG * 3 // 4

    client.http2.increment_flow_control_window(2 * LONG)
    client.http2.increment_flow_control_window(2 * LONG, 1)
    client.writer.write(client.http2.data_to_send())
    async with asyncio.timeout(60):
        while not all_written.is_set() and await client.reader.read(1 << 20):
            pass
    client.writer.close()
