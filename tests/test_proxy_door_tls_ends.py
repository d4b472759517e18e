"""How TLS connections of the door end: by the client, by us, in a handshake, by a bug; always once."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from door_tls_stage import Remembers, Reserved, Sides, sides_of, within

from proxy.ca import CertificateAuthority
from proxy.door_limits import DoorLimits


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.open(Path(tmp_path_factory.mktemp("ca")))


@pytest.fixture(params=[ssl.SSLObject, Reserved], ids=["below-ssl", "by-ssl"])
async def sides(ca: CertificateAuthority, request: pytest.FixtureRequest) -> AsyncIterator[Sides]:
    async with sides_of(ca, tls=request.param) as made:
        yield made


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_that_ends_tls_is_told_the_end_of_it(sides: Sides, version: ssl.TLSVersion) -> None:
    side = await sides(version=version).begin()
    await side.client.say(b"last words")
    await side.client.say_end()
    async with within():
        await side.protocol.lost.wait()
        assert await side.client.hear() == b""
    assert (bytes(side.protocol.read), side.protocol.told) == (b"last words", ["made", "end", "lost"])


async def test_an_end_without_the_end_of_tls_is_one(sides: Sides) -> None:
    side = await sides().begin()
    await side.client.say(b"last words")
    side.ours.close()
    async with within():
        await side.protocol.lost.wait()
    assert (bytes(side.protocol.read), side.protocol.told) == (b"last words", ["made", "end", "lost"])


async def test_what_came_before_a_record_that_cannot_be_read_is_kept(sides: Sides) -> None:
    side = await sides().begin()
    client = side.client
    await client.say_raw(client.record(b"a whole request") + b"\x17\x03\x03\x00\x20" + b"?" * 32)
    async with within():
        await side.protocol.lost.wait()
    assert bytes(side.protocol.read) == b"a whole request"
    assert isinstance(side.protocol.error, ssl.SSLError)


async def test_a_close_waits_for_the_client_as_long_as_it_is_told_to(sides: Sides) -> None:
    side = await sides(limits=DoorLimits(linger_seconds=0.05)).begin()
    side.transport.pause_reading()
    side.transport.close()
    await side.client.say(b"not read any more")
    async with within():
        assert await side.client.hear() == b""
        await side.protocol.lost.wait()
    assert (bytes(side.protocol.read), side.protocol.told) == (b"", ["made", "lost"])
    assert isinstance(side.protocol.error, TimeoutError)


async def test_reading_can_be_paused(sides: Sides) -> None:
    side = await sides(Remembers(lambda protocol, _: protocol.transport.pause_reading())).begin()
    await side.client.say(b"one")
    assert await side.protocol.has(3) == b"one"
    assert not side.transport.is_reading()
    await side.client.say(b"two")
    await asyncio.sleep(0)
    assert side.protocol.read == b"one"
    side.transport.resume_reading()
    assert await side.protocol.has(6) == b"onetwo"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", ssl.SSLError, id="no-hello"),
        pytest.param(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", ssl.SSLError, id="hello-of-one-octet"),
        pytest.param(b"\x16\x03\x01", ConnectionResetError, id="gone-in-the-middle"),
        pytest.param(b"", ConnectionResetError, id="gone-at-once"),
    ],
)
async def test_a_handshake_that_fails_says_how(sides: Sides, sent: bytes, error: type[Exception]) -> None:
    side = sides()
    begun = asyncio.ensure_future(side.transport.handshake())
    await side.client.say_raw(sent)
    side.ours.shutdown(1)
    with pytest.raises(error):
        await asyncio.wait_for(begun, 60)
    assert side.protocol.told == []


async def test_a_handshake_has_its_time(sides: Sides) -> None:
    with pytest.raises(ConnectionAbortedError):
        await sides(limits=DoorLimits(handshake_seconds=0.02)).transport.handshake()


async def test_a_handshake_that_nobody_waits_for_any_more_leaves_nothing(sides: Sides) -> None:
    side = sides()
    begun = asyncio.ensure_future(side.transport.handshake())
    await asyncio.sleep(0)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert side.server_socket.fileno() == -1


async def test_a_protocol_that_fails_ends_its_connection_and_is_told_of(sides: Sides) -> None:
    def fail(_protocol: Remembers, _data: bytes) -> None:
        raise RuntimeError("a bug")

    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, context: told.append(context))
    try:
        side = await sides(Remembers(fail)).begin()
        await side.client.say(b"x")
        async with within():
            await side.protocol.lost.wait()
    finally:
        loop.set_exception_handler(before)
    assert [str(context["exception"]) for context in told] == ["a bug"]


async def test_a_handshake_done_in_the_turn_it_is_given_up_in_is_no_connection(sides: Sides) -> None:
    side, loop = sides(), asyncio.get_running_loop()
    begun = asyncio.ensure_future(side.transport.handshake())
    client = side.client
    ours, theirs = socket.socketpair()
    async with within():
        with contextlib.suppress(ssl.SSLWantReadError):
            client.tls.do_handshake()
        await client.flush()
        await client.more()
        client.tls.do_handshake()
    with ours, theirs:
        loop.add_reader(ours, begun.cancel)
        theirs.send(b"x")  # first, so that it is also the first the loop hears of
        side.ours.send(client.record(b"too late"))
        await asyncio.wait([begun], timeout=60)
        loop.remove_reader(ours)
    assert begun.cancelled()
    assert side.protocol.told == []
