"""What is opted in arrives, exactly as sent, once; what follows it on the same connection does not; nor anything after
its opt-in expired or was withdrawn."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import wsproto
import wsproto.events
from leak_house import ADDRESS, ENDS_AFTER, OPEN, SHUT, WAYS, LeakHouse, Visit, Way, head, leak_house, opted_in, stayed
from stand_in import Place

from proxy.mitm_flow import Fault

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
EVERY_WAY = pytest.mark.parametrize("way", WAYS)


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


@pytest.fixture(autouse=True)
def usual(house: LeakHouse) -> None:
    house.usual_policy()


def place_of(house: LeakHouse, way: Way) -> Place:
    return house.secure if way.endswith("https") else house.plain


def request(
    house: LeakHouse, way: Way, *fields: str, name: str = OPEN, path: str = "/allowed/x", do: str = "GET"
) -> bytes:
    port = house.port(way)
    target = f"http://{name}:{port}{path}" if way == "explicit-http" else path
    return "\r\n".join((f"{do} {target} HTTP/1.1", f"Host: {name}:{port}", *fields, "", "")).encode()


async def begun(visit: Visit) -> Streams:
    """By the gateway's own choice of engine: OPEN is a name something may leave to."""
    streams = await visit.begin(f"{OPEN}:{visit.house.port(visit.way)}", OPEN)
    assert streams is not None
    return streams


async def answer(reader: asyncio.StreamReader) -> bytes:
    """An answer of the stand-in's."""
    async with asyncio.timeout(60):
        return await reader.readuntil(b"true}")


async def left(reader: asyncio.StreamReader) -> bool:
    """Whether the stand-in answered: what comes too late for its opt-in is refused."""
    told = await head(reader)
    while told.startswith(b"HTTP/1.1 200") and not told.endswith(b"true}") and (more := await reader.read(65536)):
        told += more
    return told.endswith(b"true}")


async def over(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the gateway ends the connection."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(60):
            return await reader.read()
    return b""


@EVERY_WAY
async def test_what_is_opted_in_arrives_once_as_sent(house: LeakHouse, way: Way) -> None:
    place, before = place_of(house, way), len(house.stand_in.arrivals)
    asked = len(place.requests)
    async with house.visit(way) as visit:
        reader, writer = await begun(visit)
        copied = "X-Amz-Copy-Source: allowed/y"  # which is opted in too
        fields = (copied, "Proxy-Authorization: Basic cjp0", "Content-Length: 2")
        writer.write(request(house, way, *fields, do="POST") + b"ab")
        told = await answer(reader)
        writer.close()
        (capture,) = await visit.captures()
    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"alt-svc" not in told.lower()
    host = f"{OPEN}:{house.port(way)}"
    sent = f"POST /allowed/x HTTP/1.1\r\nHost: {host}\r\n{copied}\r\nContent-Length: 2\r\n\r\nab".encode()
    assert place.requests[asked:] == [sent]
    assert await house.reached() == before + 1
    assert capture.left
    assert (capture.decision.verdict, capture.effect.target.path) == ("allow", "/allowed/x")


@EVERY_WAY
async def test_an_upload_that_waits_to_be_told_to_go_on_arrives_whole(house: LeakHouse, way: Way) -> None:
    place = place_of(house, way)
    async with house.visit(way) as visit:
        reader, writer = await begun(visit)
        writer.write(request(house, way, "Expect: 100-continue", "Transfer-Encoding: chunked", do="PUT"))
        assert (await head(reader)).startswith(b"HTTP/1.1 100")
        smuggled = b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n"
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(smuggled), smuggled))
        assert b" 200 " in await answer(reader)
        writer.close()
    assert place.requests[-1].endswith(b"\r\n\r\n" + smuggled)
    assert b"xpect" not in place.requests[-1]


@EVERY_WAY
async def test_the_next_request_of_the_connection_is_judged_by_itself(house: LeakHouse, way: Way) -> None:
    """Another path, another host, a redirect followed, a tunnel: the open upstream connection carries none of it."""
    for follow in (
        request(house, way, path="/elsewhere"),
        request(house, way, name=SHUT),
        request(house, way, name="169.254.169.254"),
        request(house, way, "Connection: Upgrade", "Upgrade: raw"),
        b"CONNECT %b:443 HTTP/1.1\r\nHost: x\r\n\r\n" % OPEN.encode(),
        b"\x00\x01 no http\r\n\r\n",
    ):
        async with house.visit(way) as visit:
            reader, writer = await begun(visit)
            writer.write(request(house, way))
            await answer(reader)
            before, requests, octets = len(house.stand_in.arrivals), len(place_of(house, way).requests), received(house)
            writer.write(follow)
            assert (await head(reader))[9:12] in (b"400", b"403", b"")
            first, *others = await visit.captures(2)
        assert first.left
        assert all(map(stayed, others))
        assert await house.reached() == before
        assert (len(place_of(house, way).requests), received(house)) == (requests, octets)


def received(house: LeakHouse) -> int:
    return sum(len(place.received) for place in (house.plain, house.secure))


@EVERY_WAY
async def test_a_hook_that_raises_on_the_second_request_sends_nothing_of_it(house: LeakHouse, way: Way) -> None:
    house.doors.engine.fault.arm(f"second-{way}")
    async with house.visit(way) as visit:
        reader, writer = await begun(visit)
        writer.write(request(house, way))
        await answer(reader)
        before, octets = len(house.stand_in.arrivals), received(house)
        writer.write(request(house, way, f"{Fault.HEADER}: second-{way}"))
        assert (await head(reader)).startswith(b"HTTP/1.1 503")
    assert await house.reached() == before
    assert received(house) == octets


def opened_until(house: LeakHouse, expires: datetime) -> None:
    house.policy(opted_in(OPEN, (house.plain.port, house.secure.port), expires=expires))


@EVERY_WAY
async def test_an_open_connection_ends_with_its_opt_in_and_nothing_leaves_after(house: LeakHouse, way: Way) -> None:
    for seconds in ENDS_AFTER:
        opened_until(house, datetime.now(UTC) + timedelta(seconds=seconds))
        async with house.visit(way) as visit:
            reader, writer = await begun(visit)
            writer.write(request(house, way))
            if await left(reader):
                assert await over(reader) == b""
                break
    else:
        pytest.fail("nothing left while it was opted in")
    before = len(house.stand_in.arrivals)
    async with house.visit(way) as visit:
        reader, writer = await begun(visit)
        writer.write(request(house, way))
        assert (await head(reader))[9:12] == b"403"
        assert all(map(stayed, await visit.captures()))
    assert await house.reached() == before


class Socket:
    """A WebSocket's client."""

    def __init__(self, house: LeakHouse, way: Way, streams: Streams, port: int) -> None:
        self._reader, self._writer = streams
        self._side = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        octets = self._side.send(wsproto.events.Request(host=f"{OPEN}:{port}", target="/allowed/x"))
        if way == "explicit-http":
            octets = octets.replace(b"GET ", b"GET http://%b:%d" % (OPEN.encode(), port), 1)
        self._writer.write(octets)

    def say(self, text: str) -> None:
        self._writer.write(self._side.send(wsproto.events.TextMessage(data=text)))

    async def hear(self) -> wsproto.events.Event | None:
        """None at the end of the connection."""
        async with asyncio.timeout(60):
            while True:
                for event in self._side.events():
                    return event
                try:
                    data = await self._reader.read(65536)
                except ConnectionError:
                    return None
                if not data:
                    return None
                self._side.receive_data(data)


async def socketed(house: LeakHouse, visit: Visit, place: Place) -> Socket | None:
    """Open, with one message said and heard; None where its opt-in ended before that."""
    streams = await visit.begin(f"{OPEN}:{place.port}", OPEN)
    assert streams is not None
    socket = Socket(house, visit.way, streams, place.port)
    if not isinstance(await socket.hear(), wsproto.events.AcceptConnection):
        return None
    socket.say("before")
    return socket if isinstance(await socket.hear(), wsproto.events.TextMessage) else None


@pytest.mark.parametrize("way", ["explicit-http", "explicit-https"])
@pytest.mark.parametrize("ends", ["by-expiry", "by-a-reload"])
async def test_no_message_leaves_on_an_open_websocket_after_its_opt_in(house: LeakHouse, way: Way, ends: str) -> None:
    place = await house.stand_in.websocket(address=ADDRESS, tls=OPEN if way.endswith("https") else None)
    for seconds in ENDS_AFTER if ends == "by-expiry" else (3600,):
        house.policy(opted_in(OPEN, (place.port,), expires=datetime.now(UTC) + timedelta(seconds=seconds)))
        place.requests.clear()
        async with house.visit(way) as visit:
            if (socket := await socketed(house, visit, place)) is None:
                continue
            if ends == "by-a-reload":
                house.usual_policy()
                socket.say("after")
            assert await socket.hear() is None
        break
    assert place.requests == [b"before"]


@EVERY_WAY
async def test_what_was_judged_by_rules_that_a_reload_took_back_meanwhile_stays(house: LeakHouse, way: Way) -> None:
    """The reload comes while the departure is on its way to the disk: after the decision, before the dial."""
    before = len(house.stand_in.arrivals)
    async with house.visit(way) as visit:
        reader, writer = await begun(visit)
        writer.write(request(house, way))
        async with asyncio.timeout(60):
            while not house.ground.writer.pending:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0)
        # From here on nothing runs before the reload.
        house.policy("")
        assert (await head(reader))[9:12] in (b"403", b"")
        assert all(map(stayed, await visit.captures()))
    assert await house.reached() == before
