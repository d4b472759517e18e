"""TLS of the door's own, below its surface: cut, held back, broken, slow, resumed, and many at once."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from door_tls_stage import Remembers, Reserved, Sides, echo, sides_of, within

from proxy.ca import CertificateAuthority
from proxy.door_limits import DoorLimits


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.open(Path(tmp_path_factory.mktemp("ca")))


@pytest.fixture
async def sides(ca: CertificateAuthority) -> AsyncIterator[Sides]:
    async with sides_of(ca) as made:
        yield made


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("segment", [1, 7, 65_536])
@pytest.mark.parametrize("tls", [ssl.SSLObject, Reserved], ids=["below-ssl", "by-ssl"])
async def test_octets_come_and_go_however_they_are_cut(
    sides: Sides, version: ssl.TLSVersion, segment: int, tls: type[ssl.SSLObject]
) -> None:
    side = await sides(Remembers(echo), version=version, segment=segment, tls=tls).begin()
    for number in range(3):
        said = b"%d" % number * 50
        async with within():
            await side.client.say(said, records=4)
            heard = b""
            while len(heard) < len(said):
                heard += await side.client.hear()
        assert heard == said
    assert side.protocol.told == ["made"]


@pytest.mark.parametrize("tls", [ssl.SSLObject, Reserved], ids=["below-ssl", "by-ssl"])
async def test_records_that_come_together_are_handed_on_together(sides: Sides, tls: type[ssl.SSLObject]) -> None:
    pieces: list[bytes] = []
    side = await sides(Remembers(lambda _, data: pieces.append(data)), tls=tls).begin()
    assert ("_sslobj" in vars(side.transport.get_extra_info("ssl_object"))) == (tls is ssl.SSLObject)
    await side.client.say(b"x" * 900, records=9)
    assert await side.protocol.has(900) == b"x" * 900
    assert pieces == [b"x" * 900]


async def test_what_comes_with_the_end_of_the_handshake_is_not_left_lying(sides: Sides) -> None:
    side = sides(Remembers(echo))
    begun = asyncio.ensure_future(side.transport.handshake())
    client = side.client
    async with within():
        with contextlib.suppress(ssl.SSLWantReadError):
            client.tls.do_handshake()
        await client.flush()
        await client.more()
        client.tls.do_handshake()
        await client.say(b"at once")
        assert await client.hear() == b"at once"
        await begun


async def test_much_is_read_in_turns_that_others_share(sides: Sides) -> None:
    busy = await sides().begin()
    other = await sides(Remembers(echo)).begin()
    size = 20_000_000
    async with within(), asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(busy.client.say(b"y" * size))
        await other.client.say(b"still here?")
        assert await other.client.hear() == b"still here?"
        assert len(busy.protocol.read) < size
        await sending
    assert (await busy.protocol.has(size)).count(b"y") == size


async def test_a_slow_reader_gets_all_of_it_though_it_was_closed_behind_it(sides: Sides) -> None:
    """The time it has ends more than once meanwhile; there is enough of it for a machine that is busy with others."""
    patience, turns = 1.0, 10
    side = await sides(limits=DoorLimits(linger_seconds=patience)).begin()
    side.ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    side.server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    answer = bytes(range(256)) * 4_000 * turns
    side.transport.write(answer)
    assert not side.protocol.writable.is_set()
    side.transport.close()
    heard, paused = bytearray(), 0
    async with within():
        while data := await side.client.hear():
            heard += data
            if len(heard) > len(answer) // turns * (1 + paused):
                paused += 1
                await asyncio.sleep(1.5 * patience / turns)
        assert paused == turns - 1
        await side.client.say_end()
        await side.protocol.lost.wait()
    assert bytes(heard) == answer
    assert side.protocol.told == ["made", "lost"]


async def test_whoever_is_cut_off_while_an_answer_is_sent_is_told_lost_once(sides: Sides) -> None:
    side = await sides().begin()
    side.transport.write(b"z" * 20_000_000)
    assert not side.protocol.writable.is_set()
    side.transport.abort()
    side.transport.abort()
    async with within():
        await side.protocol.lost.wait()
    side.transport.write(b"nothing")
    side.transport.close()
    assert side.protocol.told == ["made", "lost"]


async def test_a_client_that_goes_while_an_answer_is_sent_is_lost(sides: Sides) -> None:
    side = await sides().begin()
    side.transport.write(b"z" * 20_000_000)
    side.ours.close()
    async with within():
        await side.protocol.lost.wait()
    assert side.protocol.told[-1] == "lost"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_session_is_resumed(ca: CertificateAuthority, sides: Sides, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(ca.path))
    session, resumed = None, []
    for _ in range(2):
        side = await sides(Remembers(echo), context=context, version=version, session=session).begin()
        async with within():
            await side.client.say(b"x")
            await side.client.hear()
        session = side.client.tls.session
        resumed.append(side.client.tls.session_reused)
    assert resumed == [False, True]


async def test_two_hundred_at_once(sides: Sides) -> None:
    async def one(number: int) -> None:
        side = await sides(Remembers(echo)).begin()
        said = b"%d" % number
        await side.client.say(said)
        assert await side.client.hear() == said
        await side.client.say_end()
        await side.protocol.lost.wait()
        assert side.protocol.told == ["made", "end", "lost"]

    async with within(), asyncio.TaskGroup() as tasks:
        for number in range(200):
            tasks.create_task(one(number))
