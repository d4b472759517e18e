"""What is opted in arrives, exactly as sent, once; what follows it on the same connection does not; nor anything after
its opt-in expired or was withdrawn."""

import asyncio
import contextlib
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import wsproto
import wsproto.events
from leak_house import ADDRESS, OPEN, SHUT, WAYS, LeakHouse, Visit, Way, head, leak_house, opted_in, stayed
from relay_server import RelayServer, relay_server
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
    async with asyncio.timeout(10):
        return await reader.readuntil(b"true}")


async def over(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the gateway ends the connection."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
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
    opened_until(house, datetime.now(UTC) + timedelta(seconds=1))
    async with house.visit(way) as visit:
        reader, writer = await begun(visit)
        writer.write(request(house, way))
        await answer(reader)
        assert await over(reader) == b""
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
        async with asyncio.timeout(10):
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


async def socketed(house: LeakHouse, visit: Visit, place: Place) -> Socket:
    """Open, with one message said and heard."""
    streams = await visit.begin(f"{OPEN}:{place.port}", OPEN)
    assert streams is not None
    socket = Socket(house, visit.way, streams, place.port)
    assert isinstance(await socket.hear(), wsproto.events.AcceptConnection)
    socket.say("before")
    assert isinstance(await socket.hear(), wsproto.events.TextMessage)
    return socket


@pytest.mark.parametrize("way", ["explicit-http", "explicit-https"])
@pytest.mark.parametrize("ends", ["by-expiry", "by-a-reload"])
async def test_no_message_leaves_on_an_open_websocket_after_its_opt_in(house: LeakHouse, way: Way, ends: str) -> None:
    place = await house.stand_in.websocket(address=ADDRESS, tls=OPEN if way.endswith("https") else None)
    seconds = 1 if ends == "by-expiry" else 60
    house.policy(opted_in(OPEN, (place.port,), expires=datetime.now(UTC) + timedelta(seconds=seconds)))
    async with house.visit(way) as visit:
        socket = await socketed(house, visit, place)
        if ends == "by-a-reload":
            house.usual_policy()
            socket.say("after")
        assert await socket.hear() is None
    assert place.requests == [b"before"]


@EVERY_WAY
async def test_what_was_judged_by_rules_that_a_reload_took_back_meanwhile_stays(house: LeakHouse, way: Way) -> None:
    """The reload comes while the departure is on its way to the disk: after the decision, before the dial."""
    before = len(house.stand_in.arrivals)
    async with house.visit(way) as visit:
        reader, writer = await begun(visit)
        writer.write(request(house, way))
        for _ in range(100_000):
            if house.ground.writer.pending:  # nobody announces it, and from here on nothing runs before the reload
                break
            await asyncio.sleep(0)
        house.policy("")
        assert (await head(reader))[9:12] in (b"403", b"")
        assert all(map(stayed, await visit.captures()))
    assert await house.reached() == before


def mail(
    house: LeakHouse, *recipients: str, message: str = "Subject: hi\r\n\r\nhello\r\n", sender: str = "a@shop.test"
) -> int:
    """The code a mail to these is answered with."""
    host, port = house.doors.bound["smtp"]
    with smtplib.SMTP(host, port, timeout=10) as session:
        try:
            session.sendmail(sender, list(recipients), message)
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code
    return 250


def relayed(port: int, expires: datetime | None = None) -> str:
    until = (expires or datetime.now(UTC) + timedelta(days=1)).isoformat()
    return (
        f'  - {{id: qa, email: {{to: ["*@qa.example.com"]}}, via: "smtp://127.0.0.1:{port}", '
        f'addresses: [127.0.0.0/8], why: a test, owner: tests, expires: "{until}"}}\n'
    )


async def test_mail_leaves_only_where_every_recipient_is_opted_in(house: LeakHouse) -> None:
    async with relay_server(RelayServer()) as server:
        house.policy(relayed(server.port))
        assert await asyncio.to_thread(mail, house, "b@qa.example.com") == 250
        assert server.connections == 1
        for others in NOT_ALL_OPTED_IN:
            assert await asyncio.to_thread(mail, house, *others) == 250
        house.policy(relayed(server.port, datetime.now(UTC) - timedelta(seconds=1)))
        assert await asyncio.to_thread(mail, house, "b@qa.example.com") == 250
    assert server.connections == 1
    assert [line for line in server.lines if line.startswith("RCPT")] == ["RCPT TO:<b@qa.example.com> NOTIFY=NEVER"]


async def test_no_bounce_goes_to_a_sender_who_is_not_opted_in(house: LeakHouse) -> None:
    """A relay writes of itself to the envelope's sender, and to whom some header fields name."""
    async with relay_server(RelayServer()) as server:
        house.policy(relayed(server.port))
        senders = "a@shop.test", "bounces@qa.example.com", "x%customer.com@qa.example.com"
        for sender in senders:
            assert await asyncio.to_thread(mail, house, "b@qa.example.com", sender=sender) == 250
        asking = "Errors-To: a@shop.test\r\n\r\nhello\r\n"
        assert await asyncio.to_thread(mail, house, "b@qa.example.com", message=asking) == 554
    told = [line.split()[1] for line in server.lines if line.startswith("MAIL")]
    assert told == ["FROM:<>", "FROM:<bounces@qa.example.com>", "FROM:<>"]


NOT_ALL_OPTED_IN = [
    ("b@qa.example.com", "c@customer.com"),
    ("c@customer.com",),
    ('"b@customer.com"@qa.example.com',),
    ("b%customer.com@qa.example.com",),
    ("customer.com!b@qa.example.com",),
    ("b@qa.example.com.customer.com",),
    ("b@evilqa.example.com",),
    ("b@x.qa.example.com",),
    ("b@[127.0.0.1]",),
    ("@qa.example.com:b@customer.com",),
    ("b@customer.com@qa.example.com",),
]
