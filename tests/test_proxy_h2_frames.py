"""Frames end where they say; requests that came before one that cannot be read, or before an end, are on record."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from http2_client import Http2Client
from hypothesis import given
from hypothesis import strategies as st
from mitm_house import MitmHouse, mitm_house

from policies.http_request import HttpRequest
from proxy.h2_frames import HEAD, PREFACE, Frames

NAME = "sandbox.test"
ASKED = 5


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes(HEAD - 3) + payload


@given(st.lists(st.binary(max_size=40).map(frame)), st.binary(max_size=8), st.lists(st.integers(0, 200)))
def test_each_piece_ends_where_a_frame_does_however_it_comes(frames: list[bytes], rest: bytes, cuts: list[int]) -> None:
    said = PREFACE + b"".join(frames) + rest
    places = [0, *sorted(cut for cut in cuts if cut < len(said)), len(said)]
    reader = Frames()
    whole: list[bytes] = [b""]
    for begin, end in itertools.pairwise(places):
        pieces = list(reader.cut(said[begin:end]))
        assert b"".join(pieces) == said[begin:end]
        for piece in pieces:
            whole[-1] += piece
            if whole[-1] in (PREFACE, *frames):
                whole.append(b"")
    assert b"".join(whole) == said
    assert whole[: 1 + len(frames)] == [PREFACE, *frames]


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


def requests(house: MitmHouse) -> list[str]:
    return sorted(taken.seen.target for taken in house.gate.taken if isinstance(taken.seen, HttpRequest))


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(b"\0\0\1\0\0\0\0\0\0x", id="data-of-no-stream"),
        pytest.param(b"\0\0\4\1\5\0\0\0\x63\xff\xff\xff\xff", id="a-head-that-cannot-be-unpacked"),
        pytest.param(b"\0\0\4\x08\0\0\0\0\0\0\0\0\0", id="a-window-of-nothing"),
        pytest.param(b"", id="the-client's-end"),
    ],
)
async def test_whole_requests_that_came_before_an_end_are_on_record(house: MitmHouse, after: bytes) -> None:
    """A destination would have done what they ask, whatever came after them and whether anybody waited."""
    place = await house.stand_in.http(tls=NAME)
    house.stand_in.names.set(NAME, (place.address,))
    client = Http2Client(*await house.tunnel(f"{NAME}:{place.port}", alpn=("h2",)))
    for number in range(ASKED):
        client.send(f"{NAME}:{place.port}", f"/{number}", method="POST", body=b"paid=1")
    client.writer.write(after)
    await client.writer.drain()
    client.writer.close()
    await house.gate.until(lambda: len(requests(house)) == ASKED)
    assert requests(house) == [f"/{number}" for number in range(ASKED)]
    assert place.arrivals == []


async def test_what_became_of_a_whole_request_of_a_client_that_is_gone_is_told(house: MitmHouse) -> None:
    place = await house.stand_in.http()
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    _, writer = await asyncio.open_connection(*house.proxy)
    authority = f"{NAME}:{place.port}"
    writer.write(f"POST http://{authority}/gone HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 1\r\n\r\nx".encode())
    await writer.drain()
    writer.transport.abort()
    await house.gate.until(lambda: bool(house.gate.taken) and bool(house.gate.taken[0].settled))
    assert requests(house) == ["/gone"]
    assert [taken.left for taken in house.gate.taken] == [place.arrivals != []]
