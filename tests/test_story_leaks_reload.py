"""The policy is reloaded while something is on its way: an opt-in that is taken back lets nothing more of it out, one
that is added lets out nothing that was judged before."""

import asyncio
import contextlib
import smtplib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from http2_client import Http2Client
from leak_house import ADDRESS, OPEN, SHUT, LeakHouse, Way, head, leak_house, opted_in, stayed
from ledger_stage import until
from relay_server import RelayServer, relay_server
from stand_in import Arrival, Place

from policies.decision import Decision
from policies.effect import Effect

BODY = b"x" * 4_000_000
"""More than any socket buffers on the way."""


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


@dataclass
class HaltingRelay(RelayServer):
    """One that says nothing at a step until it may go on."""

    halts_at: str = ""
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def _say(self, writer: asyncio.StreamWriter, reply: str | None) -> bool:
        at = self.lines[-1].partition(" ")[0] if self.lines else "greeting"
        if self.halts_at == at and not (at == "DATA" and self.data):
            self.halted.set()
            await self.go_on.wait()
        return await super()._say(writer, reply)


def relayed(port: int, expires: datetime | None = None) -> str:
    end = (expires or datetime.now(UTC) + timedelta(days=1)).isoformat()
    return (
        f'  - {{id: qa, email: {{to: ["*@qa.example.com"]}}, via: "smtp://127.0.0.1:{port}", '
        f'addresses: [127.0.0.0/8], why: a test, owner: tests, expires: "{end}"}}\n'
    )


def mail(house: LeakHouse) -> tuple[int, str]:
    """What a mail is answered with."""
    host, port = house.doors.bound["smtp"]
    with smtplib.SMTP(host, port, timeout=60) as session:
        try:
            session.sendmail("a@shop.test", ["b@qa.example.com"], "Subject: hi\r\n\r\nhello\r\n")
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code, str(refused.smtp_error)
    return 250, ""


async def last(house: LeakHouse) -> tuple[bool, str]:
    """Of the last capture: whether it left, and how it was answered."""
    (stored,) = house.reader.since(house.reader.last_seq() - 1)
    return stored.capture.left, stored.capture.fidelity


async def test_a_mail_that_was_judged_before_its_opt_in_was_taken_back_stays(house: LeakHouse) -> None:
    async with relay_server(RelayServer()) as server:
        house.policy(relayed(server.port))
        before = house.reader.last_seq()
        with house.ground.ledger.turn:  # the departure waits for the disk
            sending = asyncio.ensure_future(asyncio.to_thread(mail, house))
            await until(lambda: house.ground.writer.pending > 0)
            house.policy("")
        code, said = await sending
        assert (code, "taken back" in said) == (554, True), said
    assert server.connections == 0
    assert house.reader.last_seq() == before + 1
    assert await last(house) == (False, "refused")


async def test_a_mail_that_is_being_relayed_is_not_said_any_further(house: LeakHouse) -> None:
    async with relay_server(HaltingRelay(halts_at="DATA")) as server:
        assert isinstance(server, HaltingRelay)
        house.policy(relayed(server.port))
        sending = asyncio.ensure_future(asyncio.to_thread(mail, house))
        await server.halted.wait()
        house.policy("")
        code, said = await asyncio.wait_for(sending, 60)
        assert (code, "taken back" in said) == (554, True), said
        server.go_on.set()
    assert server.data == b""
    assert await last(house) == (True, "refused"), "its envelope was told"


async def test_a_mail_whose_last_dot_was_said_is_waited_for(house: LeakHouse) -> None:
    """To refuse it would have it sent twice."""
    async with relay_server(RelayServer()) as server:
        server.replies["message"] = "250 2.0.0 taken"
        halted, go_on, say = asyncio.Event(), asyncio.Event(), server._say

        async def halting(writer: asyncio.StreamWriter, reply: str | None) -> bool:
            if server.data:
                halted.set()
                await go_on.wait()
            return await say(writer, reply)

        server._say = halting  # type: ignore[method-assign]  # one server, at one step
        house.policy(relayed(server.port))
        sending = asyncio.ensure_future(asyncio.to_thread(mail, house))
        await halted.wait()
        house.policy("")
        go_on.set()
        assert (await sending)[0] == 250
    assert await last(house) == (True, "real")


async def test_a_reload_that_leaves_a_mails_opt_in_alone_leaves_the_mail_alone(house: LeakHouse) -> None:
    async with relay_server(HaltingRelay(halts_at="RCPT")) as server:
        assert isinstance(server, HaltingRelay)
        until_then = datetime.now(UTC) + timedelta(days=1)
        house.policy(relayed(server.port, until_then))
        sending = asyncio.ensure_future(asyncio.to_thread(mail, house))
        await server.halted.wait()
        house.policy(relayed(server.port, until_then) + opted_in(OPEN, (house.plain.port,)))
        server.go_on.set()
        assert (await sending)[0] == 250


class Slow:
    """A server that reads nothing beyond a request's head until it may."""

    def __init__(self, place: Place, arrival: Arrival) -> None:
        self.arrival = arrival

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.arrival.received += await reader.readuntil(b"\r\n\r\n")
        GO_ON.clear()
        await GO_ON.wait()
        while data := await reader.read(65536):
            self.arrival.received += data


GO_ON = asyncio.Event()


@pytest.mark.parametrize("way", ["explicit-http", "explicit-https"])
async def test_an_upload_that_streams_out_ends_with_its_opt_in(house: LeakHouse, way: Way) -> None:
    tls = house.stand_in.context(OPEN, "http/1.1") if way.endswith("https") else None
    place = await house.stand_in.listen(Slow, address=ADDRESS, tls=tls)
    house.policy(opted_in(OPEN, (place.port,)))
    async with house.visit(way) as visit:
        streams = await visit.begin(f"{OPEN}:{place.port}", OPEN)
        assert streams is not None
        reader, writer = streams
        target = f"http://{OPEN}:{place.port}/allowed/x" if way == "explicit-http" else "/allowed/x"
        fields = f"Host: {OPEN}:{place.port}\r\nContent-Length: {len(BODY)}"
        writer.write(f"PUT {target} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + BODY)
        await until(lambda: len(place.arrivals) == 1 and len(place.received) > 0)
        house.policy("")
        assert await head(reader) == b""
        GO_ON.set()
        await until(place.arrivals[0].over.is_set)
        (capture,) = await visit.captures()
    assert len(place.received) < len(BODY)
    assert capture.left


async def test_each_stream_that_is_open_ends_with_its_opt_in(house: LeakHouse) -> None:
    """Of two on one connection one is taken back: the connection ends, and with it the other."""
    tls = house.stand_in.context(OPEN, "http/1.1")
    place = await house.stand_in.listen(Slow, address=ADDRESS, tls=tls)
    both = opted_in(OPEN, (place.port,), more="paths: [/kept/**]")
    gone = opted_in(OPEN, (place.port,), more="paths: [/gone/**]").replace("id: ", "id: gone-")
    house.policy(both + gone)
    async with house.visit("explicit-https") as visit:
        streams = await visit.begin(f"{OPEN}:{place.port}", OPEN, alpn=("h2",))
        assert streams is not None
        client = Http2Client(*streams)
        for path in ("/gone/x", "/kept/x"):
            client.send(f"{OPEN}:{place.port}", path)
        await until(lambda: place.received.count(b"\r\n\r\n") == 2)
        house.policy(both)
        with contextlib.suppress(ConnectionResetError):
            await client.until(*client.streams.values())
            assert client.gone
        GO_ON.set()
        await until(lambda: all(arrival.over.is_set() for arrival in place.arrivals))
        assert all(capture.left for capture in await visit.captures(2))


@pytest.mark.parametrize("way", ["explicit-http", "steered-http"])
@pytest.mark.parametrize("engine", ["door", "mitm"])
async def test_an_opt_in_that_is_added_lets_out_nothing_that_was_judged_before(
    house: LeakHouse, way: Way, engine: str
) -> None:
    house.policy("")
    before = await house.reached()
    async with house.visit(way, "mitm" if engine == "mitm" else "door") as visit:
        streams = await visit.begin(f"{SHUT}:{house.port(way)}", SHUT)
        assert streams is not None
        reader, writer = streams
        target = f"http://{SHUT}:{house.port(way)}/allowed/x" if way == "explicit-http" else "/allowed/x"
        asked = f"POST {target} HTTP/1.1\r\nHost: {SHUT}:{house.port(way)}\r\nContent-Length: 2\r\n\r\nab".encode()
        with house.ground.ledger.turn:
            writer.write(asked)
            await until(lambda: house.ground.writer.pending > 0)
            house.policy(opted_in(SHUT, (house.port(way),)))
        assert b"soundstage-verdict: capture" in (await head(reader)).lower()
        (capture,) = await visit.captures()
    assert stayed(capture)
    assert await house.reached() == before


@pytest.mark.parametrize("way", ["explicit-https", "steered-https"])
async def test_what_is_asked_by_a_kept_connection_of_before_reaches_nobody_unrecorded(
    house: LeakHouse, way: Way
) -> None:
    """The connection is the door's, which cannot dial, when an opt-in for its name is added."""
    house.policy("")
    before = await house.reached()
    async with house.visit(way) as visit:
        streams = await visit.begin(f"{SHUT}:{house.port(way)}", SHUT)
        assert streams is not None
        reader, writer = streams
        asked = f"POST /allowed/x HTTP/1.1\r\nHost: {SHUT}:{house.port(way)}\r\nContent-Length: 2\r\n\r\nab".encode()
        writer.write(asked)
        assert b" 200 " in await head(reader)
        house.policy(opted_in(SHUT, (house.port(way),)))
        writer.write(asked)
        assert (await head(reader))[9:12] in (b"403", b"503", b"")
        assert not any(capture.left for capture in await visit.captures(2))
    assert await house.reached() == before


async def test_what_cannot_be_held_to_the_rules_of_now_is_shut(house: LeakHouse) -> None:
    def failing(_effect: Effect) -> Decision:
        raise ValueError("a bug")

    house.policy(opted_in(OPEN, (house.plain.port,)))
    async with house.visit("explicit-http") as visit:
        streams = await visit.begin(f"{OPEN}:{house.plain.port}", OPEN)
        assert streams is not None
        reader, writer = streams
        host = f"{OPEN}:{house.plain.port}"
        writer.write(f"GET http://{host}/allowed/x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b" 200 " in await head(reader)
        house.doors.engine.reconsider(failing)
        await until(reader.at_eof)
