"""WebSocket: the handshake is decided, each message recorded before it is passed on, and what cannot be is not."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
import wsproto
import wsproto.events
from mitm_house import MitmHouse, mitm_house, until_end
from mitmproxy.http import Response

from ledger.trouble import LedgerUnavailable
from proxy.mitm_websocket import LONGEST, LONGEST_MESSAGE, Transcript

NAME = "sandbox.test"


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader, self.writer = reader, writer
        self.side = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        writer.write(self.side.send(wsproto.events.Request(host=host, target="/socket")))

    def say(self, text: str) -> None:
        self.writer.write(self.side.send(wsproto.events.TextMessage(data=text)))

    async def hear(self) -> wsproto.events.Event | None:
        """The next event, or None at the end of the connection."""
        async with asyncio.timeout(60):
            while True:
                for event in self.side.events():
                    return event
                try:
                    data = await self.reader.read(65536)
                except ConnectionError:
                    return None
                if not data:
                    return None
                self.side.receive_data(data)


async def opened(house: MitmHouse) -> tuple[Client, object]:
    place = await house.stand_in.websocket(tls=NAME)
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")
    host = f"{NAME}:{place.port}"
    return Client(*await house.tunnel(host), host), place


async def test_messages_of_an_opted_in_socket_are_recorded_with_its_handshake(house: MitmHouse) -> None:
    client, _ = await opened(house)
    assert isinstance(await client.hear(), wsproto.events.AcceptConnection)
    for text in ("one", "two"):
        client.say(text)
        heard = await client.hear()
        assert isinstance(heard, wsproto.events.TextMessage)
        assert heard.data == text
    client.writer.close()

    (taken,) = house.gate.taken
    assert taken.left
    assert taken.reply is not None
    assert taken.reply.status == 101
    assert taken.reply.facts["messages"] == {"sent": 2, "received": 2}
    assert b'{"from": "client", "text": "two"}' in taken.reply.body


async def test_each_message_is_recorded_once_however_many_came_before_it(house: MitmHouse) -> None:
    client, _ = await opened(house)
    await client.hear()
    for number in range(20):
        client.say(f"{number} {'x' * 500}")
        await client.hear()
    client.writer.close()

    (taken,) = house.gate.taken
    assert taken.reply is not None
    assert len(taken.reply.body.splitlines()) == 40
    assert sum(len(reply.body) for _, reply in taken.settled if reply is not None) == len(taken.reply.body)


async def test_what_is_said_between_messages_is_recorded_too(house: MitmHouse) -> None:
    client, _ = await opened(house)
    await client.hear()
    for payload in (b"", b"by ping"):
        client.writer.write(client.side.send(wsproto.events.Ping(payload=payload)))
        heard = await client.hear()
        assert isinstance(heard, wsproto.events.Pong)
        assert heard.payload == payload
    client.say("one")
    await client.hear()
    client.writer.close()

    (taken,) = house.gate.taken
    assert taken.reply is not None
    said = [json.loads(line) for line in taken.reply.body.splitlines()]
    assert said[:2] == [
        {"from": "client", "control": "ping", "base64": "YnkgcGluZw=="},
        {"from": "server", "control": "pong", "base64": "YnkgcGluZw=="},
    ]
    assert taken.reply.facts["messages"] == {"sent": 1, "received": 1}


async def test_a_ping_that_cannot_be_recorded_is_not_delivered(house: MitmHouse) -> None:
    client, place = await opened(house)
    await client.hear()
    before = len(place.received)  # type: ignore[attr-defined] # a Place
    house.gate.trouble_settling = lambda: LedgerUnavailable("the disk is full")
    client.writer.write(client.side.send(wsproto.events.Ping(payload=b"too much")))
    assert await client.hear() is None, "the connection is closed"
    client.writer.close()
    assert len(place.received) == before  # type: ignore[attr-defined] # a Place


async def test_a_message_that_cannot_be_recorded_is_not_delivered(house: MitmHouse) -> None:
    client, place = await opened(house)
    await client.hear()
    house.gate.trouble_settling = lambda: LedgerUnavailable("the disk is full")
    client.say("too much")
    assert await client.hear() is None, "the connection is closed"
    client.writer.close()
    assert b"too much" not in b"".join(place.requests)  # type: ignore[attr-defined] # a Place


async def test_a_handshake_that_is_not_opted_in_opens_nothing(house: MitmHouse) -> None:
    place = await house.stand_in.websocket()
    host = f"127.0.2.1:{place.port}"
    told = await house.say(
        f"GET http://{host}/socket HTTP/1.1\r\nHost: {host}\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode(),
        ends=b"}",
    )
    assert told.startswith(b"HTTP/1.1 403")
    assert house.stand_in.arrivals == []


async def test_bytes_that_are_no_frames_end_the_connection(house: MitmHouse) -> None:
    client, place = await opened(house)
    await client.hear()
    client.writer.write(b"\xff\xff\xff\xff not a frame")
    await until_end(client.reader)
    client.writer.close()
    assert b"not a frame" not in place.received  # type: ignore[attr-defined] # a Place


async def test_a_message_that_never_ends_ends_the_connection(house: MitmHouse) -> None:
    client, place = await opened(house)
    await client.hear()
    part = "x" * (1024 * 1024)
    for _ in range(LONGEST_MESSAGE // len(part) + 1):
        client.writer.write(client.side.send(wsproto.events.TextMessage(data=part, message_finished=False)))
    assert await client.hear() is None
    client.writer.close()
    assert place.requests == []  # type: ignore[attr-defined] # a Place


def test_a_transcript_is_bounded_and_still_counts() -> None:
    transcript, handshake = Transcript(), Response.make(101)
    kept = 0
    for _ in range(5):
        line = transcript.add(b"x" * (LONGEST // 2), text=False, from_client=True)
        reply = transcript.reply(handshake, line)
        assert reply.after == kept
        kept += len(reply.body)
    assert (transcript.sent, reply.flags) == (5, ("reply_truncated",))
    assert LONGEST // 2 < kept <= LONGEST
